import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { endUserDigest, endUserOf } from './end-user.ts'

const digest = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 32)

test.each([
  ['{"user":"ada"}', 'ada'],
  ['{"user" : "ada", "model": "x"}', 'ada'],
  ['{"user":"cache-7","safety_identifier":"ada"}', 'ada'],
  ['{"metadata":{"user_id":"ada"}}', 'ada'],
  ['{"user":"","metadata":{"user_id":"ada"}}', 'ada'],
])('%s names an end user', (request, id) => {
  expect(endUserOf(request)).toBe(digest(id))
  expect(endUserDigest(id)).toBe(digest(id))
})

test.each([
  undefined,
  '',
  'not JSON with "user": in it',
  '{"messages":[{"role":"user","content":"the \\"user\\": ada"}]}',
  '{"user":7}',
  '{"metadata":"user_id"}',
  '[{"user":"ada"}]',
])('%s names none', (request) => {
  expect(endUserOf(request)).toBeUndefined()
})

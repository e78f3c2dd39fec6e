import fc from 'fast-check'
import { expect, test } from 'vitest'
import { abortEmitter, fire } from './abort-emitter.ts'
import { eligibleMembers } from './candidates.ts'
import { modelMember, withModel } from './model-member.ts'
import { aliasOf, takesModel } from './model-names.ts'
import { requestFacts } from './request-facts.ts'
import type { MemberSettings } from './settings.ts'
import { createSlots } from './slots.ts'

const member = (name: string, rest: Partial<MemberSettings> = {}): MemberSettings => ({
  name,
  url: new URL('https://host.example.test/v1'),
  shape: 'openai',
  keys: 'configured',
  maxConcurrent: 1,
  queueTimeoutMs: 0,
  connectTimeoutMs: 1,
  silenceTimeoutMs: 1,
  ...rest,
})

test.each([
  ['gpt-4.1-mini', 'gpt-4.1-mini', true],
  ['gpt-*', 'gpt-4.1-mini', true],
  ['gpt-*-mini', 'gpt-4.1-mini', true],
  ['*', '', true],
  ['*mini*', 'gpt-4.1-mini-2026', true],
  ['gpt-*', 'o3', false],
  ['a*a', 'a', false],
  ['gpt.4', 'gptx4', false],
])('the pattern %s and the model %s: %s', (pattern, model, fits) => {
  expect(takesModel([pattern], model)).toBe(fits)
})

test('an alias is found by its name, else by its pattern', () => {
  const aliases = { 'gpt-*': 'any', 'gpt-5': 'five' }
  expect([aliasOf(aliases, 'gpt-5'), aliasOf(aliases, 'gpt-4'), aliasOf(aliases, 'o3')]).toEqual([
    'five',
    'any',
    'o3',
  ])
  expect(aliasOf({}, 'constructor')).toBe('constructor')
})

const asked = { ...requestFacts({ method: 'POST', path: '/v1/chat/completions', headers: [] }) }
const names = (members: readonly MemberSettings[], rest: object): readonly string[] =>
  eligibleMembers(members, { ...asked, ...rest }).map(
    (one) => `${members[one.member]!.name}:${one.model}${one.seesClientKey ? ':client-key' : ''}`,
  )

test('who takes the model is asked in order, under its own name; the client’s key goes to the first alone', () => {
  const members = [
    member('a', { models: ['gpt-*'] }),
    member('b', { modelMap: { 'gpt-5': 'b/five' } }),
    member('c', { shape: 'anthropic' }),
  ]
  expect(names(members, { model: 'gpt-5' })).toEqual(['a:gpt-5:client-key', 'b:b/five'])
  expect(names(members, { model: 'o3' })).toEqual(['b:o3:client-key'])
  expect(names(members, { model: 'claude', shape: 'anthropic' })).toEqual(['c:claude:client-key'])
})

test('a pin is that upstream and no other, unless another one lists the whole name as its own', () => {
  const members = [member('router', { models: ['openai/gpt-5'] }), member('openai'), member('local')]
  expect(names(members, { model: 'local/qwen/3' })).toEqual(['local:qwen/3:client-key'])
  expect(names(members, { model: 'openai/gpt-4' })).toEqual(['openai:gpt-4:client-key'])
  expect(names(members, { model: 'openai/gpt-5' })).toEqual([
    'router:openai/gpt-5:client-key',
    'openai:openai/gpt-5',
    'local:openai/gpt-5',
  ])
  expect(names(members, { model: 'meta/llama', pin: 'local' })).toEqual(['local:meta/llama:client-key'])
  expect(names(members, { model: 'x', pin: 'nobody' })).toEqual([])
})

test('where nobody speaks Anthropic, all are asked; and what no model answers stays with the first', () => {
  const members = [member('a'), member('b')]
  expect(names(members, { model: 'm', shape: 'anthropic' })).toEqual(['a:m:client-key', 'b:m'])
  expect(names(members, { isInference: false })).toEqual(['a:undefined:client-key'])
})

test.each([
  ['/v1/messages?beta=true', [], 'anthropic', 'message'],
  ['/v1/messages/count_tokens', [], 'anthropic', 'json'],
  ['/v1/messages/batches', [], 'anthropic', 'bytes'],
  ['/v1/files', ['Anthropic-Version', '2023-06-01'], 'anthropic', 'bytes'],
  ['/v1/embeddings', [], 'openai', 'json'],
  ['/v1/audio/speech', [], 'openai', 'bytes'],
])('%s with %j is of %s and expects %s', (path, headers, shape, expects) => {
  expect(requestFacts({ method: 'POST', path, headers })).toMatchObject({ shape, expects })
})

test('the model of a body is what JSON.parse finds there, and is replaced without touching another byte', () => {
  const bodies = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.nat({ max: 3 }))
  fc.assert(
    fc.property(bodies, ([members, model, indent]) => {
      const { model: _, ...before } = members
      const text = JSON.stringify(
        { ...before, model, after: { model: 'inner', list: [{ model: 'x' }] } },
        null,
        indent,
      )
      const body = Buffer.from(text)
      const found = modelMember(body)!
      expect(found.model).toBe(model)
      const replaced = Buffer.from(withModel(body, found, 'ünew"')).toString()
      const at = body.subarray(0, found.start).toString().length
      expect(replaced.slice(0, at)).toBe(text.slice(0, at))
      expect(JSON.parse(replaced)).toEqual({ ...JSON.parse(text), model: 'ünew"' })
    }),
  )
})

test.each(['', '[]', '{"model": 7}', '{"model"', '{"a": {"model": "x"}}', '"model"', '{"x":"\\'])(
  'the body %j names no model',
  (text) => {
    expect(modelMember(Buffer.from(text))).toBeUndefined()
  },
)

test('slots are given first come, first served, within the wait, and a client that leaves makes room', async () => {
  const slots = createSlots(2)
  const signal = abortEmitter()
  const first = slots.tryTake()!
  slots.tryTake()
  expect(await slots.take({ waitMs: 0, signal })).toBeUndefined()
  const leaving = abortEmitter()
  const left = slots.take({ waitMs: 1_000, signal: leaving })
  const second = slots.take({ waitMs: 1_000, signal })
  expect(slots.waiting).toBe(2)
  fire(leaving)
  await expect(left).rejects.toThrow('given up')
  first()
  first()
  expect(await second).toBeDefined()
  expect([slots.active, slots.waiting]).toEqual([2, 0])
  expect(await slots.take({ waitMs: 5, signal })).toBeUndefined()
})

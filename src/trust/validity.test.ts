import { expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { specialistId, taskId } from '../base/ids.ts'
import type { Certificate } from './certificate.ts'
import { isValidFor, templateDigest } from './validity.ts'

const specialist = { id: specialistId(taskId('mail'), 2), digest: sha256('files') }
const template = { messages: [{ role: 'user', constants: ['Is this spam? ', ''], slots: ['text'] }] }
const holdsFor = {
  specialists: [specialist],
  template: templateDigest(template),
  maskingVersion: 1,
  upstream: 'big-model',
}
const none = { rows: 0, n: 0, errors: 0, coverage: 0, bound: 1 }
const certificate: Certificate = {
  risk: 0.02,
  delta: 0.05,
  noveltyLimit: 0.99,
  wrongMeans: 'error',
  calibration: none,
  test: none,
  holdsFor,
  data: { train: sha256('a'), calibration: sha256('b'), test: sha256('c') },
  date: '2026-11-24T00:00:00.000Z',
}

test('a certificate holds for what it names', () => {
  expect(isValidFor(certificate, holdsFor)).toEqual({ valid: true })
})

test('each change makes it void and is named', () => {
  const changes = [
    [{ specialists: [{ ...specialist, digest: sha256('other files') }] }, /specialists mail@2 \(.*mail@2 \(/],
    [{ specialists: [] }, /specialists mail@2 .* and none is in use/],
    [{ template: templateDigest({ messages: [] }) }, /prompt template/],
    [{ maskingVersion: 2 }, /masking version 1, and 2 is in use/],
    [{ upstream: 'bigger-model' }, /upstream model big-model, and bigger-model is in use/],
  ] as const
  for (const [change, why] of changes) {
    const validity = isValidFor(certificate, { ...holdsFor, ...change })
    expect(validity).toMatchObject({ valid: false, why: expect.stringMatching(why) })
  }
})

test('an upstream or a template that was not named must not be there now', () => {
  const { template: _, upstream: __, ...bare } = holdsFor
  expect(isValidFor({ ...certificate, holdsFor: bare }, bare).valid).toBe(true)
  expect(isValidFor({ ...certificate, holdsFor: bare }, holdsFor).valid).toBe(false)
})

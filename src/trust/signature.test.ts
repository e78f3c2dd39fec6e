import { expect, test } from 'vitest'
import { specialistId, taskId } from '../base/ids.ts'
import { certifiedBy, signature } from './signature.ts'

const [nano, micro] = [specialistId(taskId('mail'), 1), specialistId(taskId('mail'), 2)]

test('an answer is signed by the version that serves, and in a cascade by the specialist that gave it', () => {
  expect(signature({ id: micro, certifiedAs: micro, tier: 'micro' })).toBe('mail@2 (micro)')
  expect(signature({ id: nano, certifiedAs: micro, tier: 'nano' })).toBe('mail@2 via mail@1 (nano)')
})

test('whose promise it was is read from the signature; the upstream promises nothing', () => {
  expect(certifiedBy('mail@1 (nano)')).toBe(nano)
  expect(certifiedBy('mail@2 via mail@1 (nano)')).toBe(micro)
  expect(certifiedBy('upstream')).toBeUndefined()
  expect(certifiedBy('somebody else (nano)')).toBeUndefined()
})

import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { answerConsistency } from '../data/answer-consistency.ts'
import type { Comparison } from '../eval/report.ts'
import type { Certificate } from './certificate.ts'
import { type VerdictInput, verdictOf } from './verdict.ts'

const observed = { rows: 1000, n: 800, errors: 4, coverage: 0.8, bound: 0.012 }
const certificate = {
  risk: 0.02,
  delta: 0.05,
  threshold: 0.9,
  noveltyLimit: 0.99,
  wrongMeans: 'disagreement',
  calibration: observed,
  test: observed,
} as Certificate

const { threshold: _, ...withoutThreshold } = certificate
const refused: Certificate = {
  ...withoutThreshold,
  refusal: 'Nothing is answered locally: too few.',
  moreExamples: 340,
}

function lead(name: 'majority' | 'tfidf-lr', low: number, value: number, high: number): Comparison {
  const accuracy = { value: 0.9, low: 0.88, high: 0.92 }
  return {
    rows: 1000,
    accuracy,
    contenders: [{ name, accuracy, specialistLead: { value, low, high, pValue: 0.5 } }],
  }
}

const kindsOf = (input: VerdictInput): readonly string[] => verdictOf(input).reasons.map(({ kind }) => kind)

test('a certified specialist that beats the baselines has nothing against it', () => {
  const comparison = lead('tfidf-lr', 0.01, 0.02, 0.03)
  expect(verdictOf({ certificate, comparison })).toEqual({ advice: 'train', reasons: [] })
})

test('without a certificate it says do not train, and how many more examples would do', () => {
  const { advice, reasons } = verdictOf({ certificate: refused })
  expect(advice).toBe('do-not-train')
  expect(reasons[0]).toMatchObject({
    kind: 'nothing-certified',
    sentence: refused.refusal,
    numbers: { calibrationRows: 1000, moreExamples: 340 },
  })
})

test('no better than the most frequent answer speaks against it, even with a certificate', () => {
  const input = { certificate, comparison: lead('majority', -0.001, 0.004, 0.01) }
  expect(verdictOf(input).advice).toBe('do-not-train')
  expect(kindsOf(input)).toEqual(['no-better-than-majority'])
  expect(verdictOf(input).reasons[0]!.sentence).toMatch(/^Not shown to be better than always/)
  const below = { certificate, comparison: lead('majority', -0.02, -0.01, 0.01) }
  expect(verdictOf(below).reasons[0]!.sentence).toMatch(/^No better than always/)
})

test('worse than TF-IDF speaks against it; as good as TF-IDF is only said', () => {
  const worse = { certificate, comparison: lead('tfidf-lr', -0.03, -0.02, -0.01) }
  expect(verdictOf(worse).advice).toBe('do-not-train')
  const alike = { certificate, comparison: lead('tfidf-lr', -0.01, 0.001, 0.02) }
  expect(verdictOf(alike).advice).toBe('train')
  expect(kindsOf(alike)).toEqual(['like-baseline'])
})

const money = { upstreamUsdPerCall: 0.001, localUsdPerCall: 1e-8, trainingUsd: 0.01, auditShare: 0.01 }

test('where a local answer with its checks costs as much as the upstream, the upstream is cheaper', () => {
  const free = { ...money, upstreamUsdPerCall: 5e-9 }
  const { advice, reasons } = verdictOf({ certificate, money: free })
  expect(advice).toBe('do-not-train')
  expect(reasons[0]!.sentence).toMatch(/The upstream is cheaper: a call costs \$5\.0e-9 there/)
})

test('a training that pays itself back in eleven calls is worth it; one that takes years is not', () => {
  expect(verdictOf({ certificate, money: { ...money, callsPerDay: 100 } }).advice).toBe('train')
  const { reasons } = verdictOf({ certificate, money: { ...money, trainingUsd: 1, callsPerDay: 2 } })
  expect(reasons[0]!.numbers['breakEvenCalls']).toBe(Math.ceil(1 / (0.8 * (0.001 * 0.99 - 1e-8))))
  expect(reasons[0]!.sentence).toMatch(/paid back after 1,263 calls, .* takes 632 days/)
})

/** Each input answered twice by a teacher that gives its usual answer with probability `p`, else one of many others. */
function answeredTwice(inputs: number, p: number) {
  const random = seededRandom(3)
  const answer = (): string => (random.next() < p ? 'usual' : `other ${random.below(1000)}`)
  return Array.from({ length: inputs * 2 }, (_, at) => ({
    input: { kind: 'text', text: `input ${at >> 1}` } as const,
    output: { kind: 'labels', labels: [answer()] } as const,
  }))
}

test('the ceiling is what the usual answer reaches, and stops only where nothing is certified', () => {
  const consistency = answerConsistency(answeredTwice(4000, 0.9), { random: seededRandom(0) })!
  expect(consistency).toMatchObject({ inputs: 4000, answers: 8000 })
  expect(consistency.agreement.value).toBeCloseTo(0.81, 1)
  expect(consistency.ceiling.low).toBeLessThan(0.9)
  expect(consistency.ceiling.high).toBeGreaterThan(0.9)
  expect(verdictOf({ certificate, consistency }).advice).toBe('train')
  const { advice, reasons } = verdictOf({ certificate: refused, consistency })
  expect(advice).toBe('do-not-train')
  expect(reasons.map(({ kind }) => kind)).toEqual(['nothing-certified', 'contradictory-answers'])
})

test('answers that always agree, and inputs that were answered once, are no reason', () => {
  expect(answerConsistency(answeredTwice(50, 1), { random: seededRandom(0) })!.ceiling.value).toBe(1)
  const once = answeredTwice(50, 0.5).filter((_, at) => at % 2 === 0)
  expect(answerConsistency(once, { random: seededRandom(0) })).toBeUndefined()
})

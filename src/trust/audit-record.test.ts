import { expect, test } from 'vitest'
import type { CallId } from '../base/ids.ts'
import { type AuditTerms, auditRecord, type CheckedCall, whyDemoted } from './audit-record.ts'

const terms: AuditTerms = { risk: 0.05, delta: 0.05, wrongMeans: 'disagreement' }

function check(call: number, wrong: boolean, more: Partial<CheckedCall> = {}): CheckedCall {
  return { call: `call_${call}` as CallId, source: 'audit', wrong, ...more }
}

function recordOf(checks: readonly CheckedCall[], given = terms) {
  const record = auditRecord(given)
  for (const one of checks) record.add(one)
  return record.figures()
}

const many = (count: number, isWrong: (at: number) => boolean, from = 0): CheckedCall[] =>
  Array.from({ length: count }, (_, at) => check(from + at, isWrong(at)))

test('before the first audit nothing is known', () => {
  const figures = recordOf([])
  expect(figures).toMatchObject({
    audited: 0,
    wrong: 0,
    evidence: 1,
    needed: 20,
    hasLeft: false,
    allowed: 0.05,
  })
  expect(figures).not.toHaveProperty('risk')
})

test('one answer in four wrong is found, and the sentence says what was seen', () => {
  const figures = recordOf(many(100, (at) => at % 4 === 0))
  expect(figures.hasLeft).toBe(true)
  expect(figures.risk!.low).toBeGreaterThan(0.05)
  expect(whyDemoted(figures, terms)).toMatch(
    /^25 of the last 100 audited answers were contradicted \(25 of all 100\), which a risk of at most 5.0% does not explain: the evidence is \d+ to 1, and 20 to 1 is believed$/,
  )
})

test('after a quiet time it says how it was lately', () => {
  const figures = recordOf([...many(300, () => false), ...many(12, () => true, 1000)])
  expect(figures.lately).toEqual({ audited: 12, wrong: 12 })
})

test('a correction of an audited call overrides the upstream, whichever comes first', () => {
  const audits = many(60, (at) => at % 4 === 0)
  const corrections = audits
    .filter(({ wrong }) => wrong)
    .map((one) => ({ ...one, source: 'correction' as const, wrong: false }))
  expect(recordOf(audits).hasLeft).toBe(true)
  for (const order of [
    [...audits, ...corrections],
    [...corrections, ...audits],
  ]) {
    const figures = recordOf(order)
    expect(figures).toMatchObject({ audited: 60, wrong: 0, corrected: 15, foundWrong: 0, hasLeft: false })
    expect(figures.evidence).toBe(recordOf(many(60, () => false)).evidence)
  }
})

test('corrections of calls that were not audited are counted and never tested', () => {
  const figures = recordOf(many(50, () => true).map((one) => ({ ...one, source: 'correction' as const })))
  expect(figures).toMatchObject({ audited: 0, foundWrong: 50, evidence: 1, hasLeft: false })
})

test('the same audit read twice counts once', () => {
  expect(recordOf([check(1, true), check(1, true)])).toMatchObject({ audited: 1, wrong: 1 })
})

test('parts count by their share', () => {
  const figures = recordOf([check(1, true, { loss: 0.25 }), check(2, false)])
  expect(figures).toMatchObject({ audited: 2, wrong: 1, risk: { value: 0.125 } })
})

test('where people say what is right, the upstream’s usual disagreement is learned first and only its growth is believed', () => {
  const error: AuditTerms = { ...terms, wrongMeans: 'error' }
  const usual = many(200, (at) => at % 5 === 0)
  expect(recordOf(usual.slice(0, 199), error)).not.toHaveProperty('allowed')
  expect(recordOf(usual, error).allowed).toBeGreaterThan(0.2)
  const same = [...usual, ...many(2000, (at) => at % 5 === 0, 1000)]
  expect(recordOf(same, error)).toMatchObject({ hasLeft: false, needed: 40 })
  const more = [...usual, ...many(400, (at) => at % 2 === 0, 1000)]
  expect(recordOf(more, error).hasLeft).toBe(true)
})

test('people who speak on the first audits only do not make the later ones look worse', () => {
  const error: AuditTerms = { ...terms, wrongMeans: 'error' }
  const usual = many(200, (at) => at % 10 === 0)
  const later = many(2000, (at) => at % 10 === 0, 1000)
  const rightAfterAll = usual
    .filter(({ wrong }) => wrong)
    .map((one) => ({ ...one, source: 'correction' as const, wrong: false }))
  const figures = recordOf([...usual, ...rightAfterAll, ...later], error)
  expect(figures).toMatchObject({ corrected: 20, wrong: 200, hasLeft: false })
  expect(figures.allowed).toBe(recordOf(usual, error).allowed)
})

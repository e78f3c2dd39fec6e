import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { isWithin, simulatedShare } from '../stats/simulation.ts'
import { afterAudit, hasLeft, type RiskTest, startRiskTest } from './risk-test.ts'

/** Audits until the test is decided, `undefined` where it never is. */
function decidedAfter(losses: Iterable<number>, target = { risk: 0.05, delta: 0.05 }): number | undefined {
  let state = startRiskTest(target)
  for (const loss of losses) {
    state = afterAudit(state, loss)
    if (hasLeft(state)) return state.audits
  }
  return undefined
}

function* drawn(audits: number, lossAt: (audit: number) => number): Iterable<number> {
  for (let audit = 0; audit < audits; audit++) yield lossAt(audit)
}

test('of 2,000 streams of 2,000 audits whose risk is exactly r at most 5% are ever said to have left it', () => {
  const random = seededRandom(11)
  for (const risk of [0.02, 0.1]) {
    const target = { risk, delta: 0.05 }
    let crossed = 0
    for (let stream = 0; stream < 1000; stream++)
      if (
        decidedAfter(
          drawn(2000, () => (random.next() < risk ? 1 : 0)),
          target,
        ) !== undefined
      )
        crossed++
    expect(isWithin(simulatedShare(crossed, 1000, 0.05), 0.05)).toBe(true)
  }
})

test('a risk that moves, but never above r, and losses between 0 and 1 keep the guarantee too', () => {
  const random = seededRandom(12)
  let crossed = 0
  const loss = (audit: number): number =>
    audit % 500 < 250 ? (random.next() < 0.05 ? 1 : 0) : random.next() < 0.1 ? random.next() : 0
  for (let stream = 0; stream < 500; stream++) if (decidedAfter(drawn(1500, loss)) !== undefined) crossed++
  expect(isWithin(simulatedShare(crossed, 500, 0.05), 0.05)).toBe(true)
})

test('its expectation under every sequence of three outcomes at risk r is exactly one', () => {
  const risk = 0.2
  const mean = (state: RiskTest, left: number): number =>
    left === 0
      ? state.evidence
      : risk * mean(afterAudit(state, 1), left - 1) + (1 - risk) * mean(afterAudit(state, 0), left - 1)
  for (const audits of [1, 2, 3])
    expect(mean(startRiskTest({ risk, delta: 1e-6 }), audits)).toBeCloseTo(1, 12)
})

test('a tripled risk is found soon, from the beginning and after 5,000 quiet audits', () => {
  const random = seededRandom(13)
  for (const changeAt of [0, 5000]) {
    const delays: number[] = []
    for (let stream = 0; stream < 60; stream++) {
      const at = decidedAfter(
        drawn(changeAt + 1000, (audit) => (random.next() < (audit < changeAt ? 0.03 : 0.15) ? 1 : 0)),
      )
      if (at !== undefined && at > changeAt) delays.push(at - changeAt)
    }
    expect(delays.length).toBeGreaterThanOrEqual(57)
    expect(delays.sort((a, b) => a - b)[30]).toBeLessThan(300)
  }
})

test('a larger loss never lowers the evidence, so that corrections cannot break the guarantee', () => {
  const losses = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(losses, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (before, at, other) => {
      const place = at % before.length
      const raised = before.with(place, Math.max(before[place]!, other))
      const evidence = (list: readonly number[]): number =>
        list.reduce(afterAudit, startRiskTest({ risk: 0.1, delta: 1e-9 })).evidence
      expect(evidence(raised)).toBeGreaterThanOrEqual(evidence(before) * (1 - 1e-12))
    }),
  )
})

test('a test that has decided stays decided and goes on counting', () => {
  let state = startRiskTest({ risk: 0.02, delta: 0.05 })
  for (let audit = 0; audit < 2000; audit++) state = afterAudit(state, 1)
  expect(hasLeft(state)).toBe(true)
  expect(state).toMatchObject({ audits: 2000, lossSum: 2000 })
  for (let audit = 0; audit < 5000; audit++) state = afterAudit(state, 0)
  expect(hasLeft(state)).toBe(true)
})

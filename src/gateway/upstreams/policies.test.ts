import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  afterGivingUp,
  afterOutcome,
  afterSending,
  type Breaker,
  type BreakerPolicy,
  closedBreaker,
  permits,
  reopensInMs,
} from './breaker.ts'
import { type Candidate, nextStep, type Situation } from './choose.ts'
import type { Failure } from './failure.ts'
import { retryAfterMs } from './retry-after.ts'
import { deposit, fullRetryBudget, withdraw } from './retry-budget.ts'

const policy: BreakerPolicy = {
  windowMs: 10_000,
  leastCalls: 4,
  failureShare: 0.5,
  openMs: 1_000,
  mostOpenMs: 4_000,
}
const after = (breaker: Breaker, nowMs: number, ...outcomes: readonly boolean[]): Breaker =>
  outcomes.reduce((now, failed) => afterOutcome(now, { failed, nowMs, jitter: 0.5 }, policy), breaker)

test('a breaker opens at its share of failures, and not before there are enough calls', () => {
  expect(after(closedBreaker(0), 1, true, true, true).kind).toBe('closed')
  expect(after(closedBreaker(0), 1, false, false, false, true, true).kind).toBe('closed')
  expect(after(closedBreaker(0), 1, false, false, true, true).kind).toBe('open')
})

test('failures older than a window are forgotten', () => {
  const before = after(closedBreaker(0), 1, true, true, true)
  expect(after(before, 20_000, true).kind).toBe('closed')
})

test('an open breaker lets one try through when its time is over; the try decides', () => {
  const open = after(closedBreaker(0), 0, true, true, true, true)
  expect([permits(open, 999), reopensInMs(open, 400)]).toEqual(['no', 600])
  expect(permits(open, 1_000)).toBe('try')
  const trying = afterSending(open, 1_000)
  expect(permits(trying, 1_000)).toBe('no')
  expect(after(trying, 1_100, false).kind).toBe('closed')
  expect(permits(afterGivingUp(trying, 1_100), 1_100)).toBe('try')
  const again = after(trying, 1_100, true)
  expect(reopensInMs(again, 1_100)).toBe(2_000)
})

test('each opening in a row lasts twice as long, up to a limit; a quiet window starts over', () => {
  let breaker = after(closedBreaker(0), 0, true, true, true, true)
  const lasted: number[] = []
  let nowMs = 0
  for (let turn = 0; turn < 4; turn++) {
    lasted.push(reopensInMs(breaker, nowMs))
    nowMs += reopensInMs(breaker, nowMs)
    breaker = after(afterSending(breaker, nowMs), nowMs, true)
  }
  expect(lasted).toEqual([1_000, 2_000, 4_000, 4_000])
  nowMs += reopensInMs(breaker, nowMs)
  breaker = after(afterSending(breaker, nowMs), nowMs, false)
  breaker = after(breaker, nowMs + 20_000, false)
  breaker = after(breaker, nowMs + 20_000, true, true, true, true)
  expect(reopensInMs(breaker, nowMs + 20_000)).toBe(1_000)
})

test('retries never exceed what quiet time gives and the share of calls, however many fail', () => {
  const budgetPolicy = { share: 0.2, perSecond: 0.5, most: 10 }
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 400 }), (gapsMs) => {
      let budget = fullRetryBudget(0, budgetPolicy)
      let [nowMs, retries] = [0, 0]
      for (const gapMs of gapsMs) {
        nowMs += gapMs
        budget = deposit(budget, nowMs, budgetPolicy)
        const left = withdraw(budget, nowMs, budgetPolicy)
        if (left) [budget, retries] = [left, retries + 1]
      }
      expect(retries).toBeLessThanOrEqual(10 + gapsMs.length * 0.2 + (nowMs / 1000) * 0.5)
    }),
  )
})

test.each([
  [['Retry-After', '7'], 7_000],
  [['retry-after', '0.5'], 500],
  [['retry-after-ms', '1500', 'Retry-After', '9'], 1_500],
  [['Retry-After', 'Tue, 24 Nov 2026 12:00:30 GMT'], 30_000],
  [['Retry-After', 'Tue, 24 Nov 2026 11:00:00 GMT'], 0],
  [['Retry-After', 'soon'], undefined],
  [['Retry-After', '-3'], undefined],
  [['Retry-After', '2026'], 2_026_000],
  [[], undefined],
])('Retry-After %j is read', (headers, ms) => {
  expect(retryAfterMs(headers, Date.UTC(2026, 10, 24, 12))).toBe(ms)
})

const well: Candidate = { isAlive: true, isWell: true, restsMs: 0 }
const failed = (kind: Failure['kind'], rest: Partial<Failure> = {}): Candidate => ({
  ...well,
  failure: { kind, error: new Error('x') as Failure['error'], ...rest },
})
const situation = (candidates: readonly Candidate[], rest: Partial<Situation> = {}): Situation => ({
  candidates,
  hasRetried: false,
  isIdempotent: false,
  isRepeatable: true,
  remainingMs: 60_000,
  backoffMs: 100,
  ...rest,
})

test('the first upstream that is well is asked; one that rests or answers badly only where nobody else is left', () => {
  expect(nextStep(situation([well, well]))).toEqual({ kind: 'send', candidate: 0 })
  expect(nextStep(situation([{ ...well, isWell: false }, well]))).toEqual({ kind: 'send', candidate: 1 })
  expect(
    nextStep(
      situation([
        { ...well, restsMs: 900 },
        { ...well, restsMs: 5 },
      ]),
    ),
  ).toEqual({
    kind: 'send',
    candidate: 1,
  })
  expect(nextStep(situation([{ ...well, isWell: false }]))).toEqual({ kind: 'send', candidate: 0 })
  expect(nextStep(situation([{ ...well, isAlive: false }]))).toEqual({ kind: 'give-up' })
})

test('after a failure the next one is asked, and the same one again only where nobody is left and it is safe', () => {
  const retry = { kind: 'retry', candidate: 0, waitMs: 100 }
  expect(nextStep(situation([failed('status'), well], { last: 0 }))).toEqual({ kind: 'send', candidate: 1 })
  expect(nextStep(situation([failed('status')], { last: 0 }))).toEqual(retry)
  expect(nextStep(situation([failed('status', { isFinal: true })], { last: 0 })).kind).toBe('give-up')
  expect(nextStep(situation([failed('status')], { last: 0, hasRetried: true })).kind).toBe('give-up')
  expect(nextStep(situation([failed('timeout')], { last: 0 })).kind).toBe('give-up')
  expect(nextStep(situation([failed('broken-off')], { last: 0 })).kind).toBe('give-up')
  expect(nextStep(situation([failed('broken-off')], { last: 0, isIdempotent: true }))).toEqual(retry)
})

test('a short Retry-After is waited for, a long one is the client’s', () => {
  const limited = (ms: number) => situation([failed('limited', { retryAfterMs: ms })], { last: 0 })
  expect(nextStep(limited(2_000))).toEqual({ kind: 'retry', candidate: 0, waitMs: 2_000 })
  expect(nextStep(limited(30_000)).kind).toBe('give-up')
  expect(nextStep({ ...limited(2_000), remainingMs: 3_000 }).kind).toBe('give-up')
})

test('a call that may have had consequences goes nowhere else, and nothing is sent when the time is over', () => {
  const made = (kind: Failure['kind']) =>
    nextStep(situation([failed(kind), well], { last: 0, isRepeatable: false })).kind
  expect([made('broken-off'), made('timeout'), made('unreachable'), made('limited')]).toEqual([
    'give-up',
    'give-up',
    'send',
    'send',
  ])
  expect(nextStep(situation([well], { remainingMs: 0 })).kind).toBe('give-up')
})

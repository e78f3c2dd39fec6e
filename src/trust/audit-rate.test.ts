import { expect, test } from 'vitest'
import { auditRate, hasBudget, highestRate, type RateFacts } from './audit-rate.ts'

const facts: RateFacts = {
  usual: 0.01,
  certificate: {
    risk: 0.02,
    delta: 0.05,
    test: { rows: 1000, n: 800, errors: 5, coverage: 0.8, bound: 0.013 },
  },
  audited: 500,
  evidence: 0.5,
  foundWrong: 0,
  isDrifting: false,
  hasBudget: true,
  hasLeft: false,
}

test.each<[string, Partial<RateFacts>, number, string]>([
  ['the usual', {}, 0.01, 'usual'],
  ['few audits so far', { audited: 148 }, 0.05, 'few-audits'],
  [
    'a certificate near its bound',
    { certificate: { ...facts.certificate, risk: 0.0125 } },
    0.02,
    'thin-certificate',
  ],
  ['drift', { isDrifting: true }, 0.05, 'drift'],
  ['drift before all other reasons', { isDrifting: true, audited: 0, evidence: 9 }, 0.05, 'drift'],
  ['evidence that rises', { evidence: 3 }, 0.05, 'evidence-rising'],
  ['errors that people found elsewhere', { foundWrong: 2 }, 0.05, 'corrections'],
  ['no budget left', { hasBudget: false, isDrifting: true }, 0, 'budget'],
  ['switched off', { usual: 0, isDrifting: true }, 0, 'off'],
  ['a test that has decided', { hasLeft: true }, 0, 'left'],
  ['a raised rate goes to a half at most', { usual: 0.2, audited: 0 }, 0.5, 'few-audits'],
  ['but a usual rate above that stands', { usual: 0.9, audited: 0 }, 0.9, 'few-audits'],
])('%s', (_, some, rate, because) => {
  expect(auditRate({ ...facts, ...some })).toEqual({ rate, because })
  expect(rate).toBeLessThanOrEqual(highestRate(some.usual ?? facts.usual))
})

test('the budget ends at its money or at its calls a minute', () => {
  const budget = { spentUsdToday: 0.99, budgetUsdPerDay: 1, sentLastMinute: 59, callsPerMinute: 60 }
  expect(hasBudget(budget)).toBe(true)
  expect(hasBudget({ ...budget, spentUsdToday: 1 })).toBe(false)
  expect(hasBudget({ ...budget, sentLastMinute: 60 })).toBe(false)
  expect(hasBudget({ ...budget, spentUsdToday: 0, budgetUsdPerDay: 0 })).toBe(false)
})

import { expect, test } from 'vitest'
import { softLabel, type TokenChoice } from './soft-label.ts'
import type { LabelRendering } from './types.ts'

const plain: LabelRendering = { kind: 'text', before: '', after: '' }
const labels = ['refund', 'delivery', 'return']

/** A token with what stood beside it, as probabilities. */
function choice(token: string, p: number, others: { readonly [token: string]: number } = {}): TokenChoice {
  const top = Object.entries({ [token]: p, ...others })
  return {
    token,
    logprob: Math.log(p),
    top_logprobs: top.map(([name, share]) => ({ token: name, logprob: Math.log(share) })),
  }
}

const shares = (tokens: readonly TokenChoice[], rendering: LabelRendering = plain) =>
  softLabel(tokens, { rendering, labels })?.probabilities.map((p) => Number(p.toFixed(3)))

test('one token a label: the probabilities are those of the tokens', () => {
  expect(shares([choice('refund', 0.7, { delivery: 0.2, return: 0.05 })])).toEqual([0.737, 0.211, 0.053])
})

test('labels that begin alike are told apart where they part, each with the mass that led there', () => {
  const tokens = [choice('re', 0.8, { del: 0.18 }), choice('fund', 0.75, { turn: 0.25 })]
  expect(shares(tokens)).toEqual([0.612, 0.184, 0.204])
})

test('what stands around the label in every answer says nothing, however unsure the teacher was of it', () => {
  const json: LabelRendering = { kind: 'json', before: '{"label": "', after: '"}' }
  const tokens = [choice('{"label": "', 0.6, { Sure: 0.4 }), choice('delivery', 0.98), choice('"}', 1)]
  expect(shares(tokens, json)).toEqual([0, 1, 0])
})

test.each<[string, readonly TokenChoice[]]>([
  ['another answer than a label', [choice('refunds', 0.99)]],
  ['an answer that breaks off', [choice('re', 0.99)]],
  ['much mass on what is no label', [choice('refund', 0.6, { Refund: 0.39 })]],
  ['much mass on tokens that several labels begin with', [choice('delivery', 0.6, { re: 0.4 })]],
  ['much mass on tokens that were not listed', [choice('refund', 0.5, { delivery: 0.2 })]],
  ['no tokens', []],
])('there is no distribution from %s', (_, tokens) => {
  expect(softLabel(tokens, { rendering: plain, labels })).toBeUndefined()
})

test('a label that another one begins with has none: where it ended is not among the tokens', () => {
  const choices = { rendering: plain, labels: ['card', 'card lost'] }
  expect(softLabel([choice('card', 0.9, { pin: 0.1 })], choices)).toBeUndefined()
})

import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Baseline } from './baseline.ts'
import { plainBaselines } from './baselines.ts'

const [{ fit: fitMajority }, { fit: fitRegression }] = plainBaselines as readonly [Baseline, Baseline]
const random = seededRandom(1)
const topics = { card: ['card', 'pin'], loan: ['loan', 'mortgage'], 退款: ['退款', '退钱'] } as const
const rows = Array.from({ length: 90 }, (_, row) => {
  const label = (Object.keys(topics) as (keyof typeof topics)[])[row % 3]!
  return { text: `please, my ${topics[label][random.below(2)]} number ${random.below(99)}`, label }
})
const texts = rows.map(({ text }) => text)
const labels = rows.map(({ label }) => label as string)

test('the majority class answers everything', async () => {
  const fitted = await fitMajority(texts, [...labels, 'loan', 'loan'].slice(2), { seed: 0 })
  expect(await fitted.predict(['anything', ''])).toEqual(['loan', 'loan'])
})

test('TF-IDF with logistic regression learns topics from their words, in any script', async () => {
  const fitted = await fitRegression(texts, labels, { seed: 0 })
  expect(await fitted.predict(['a mortgage', 'the pin', '我要退款'])).toEqual(['loan', 'card', '退款'])
  expect(await fitted.predict([])).toEqual([])
  expect(await fitted.predict([''])).toHaveLength(1)
})

test('the same seed gives the same answers', async () => {
  const [a, b] = await Promise.all([0, 0].map((seed) => fitRegression(texts, labels, { seed })))
  expect(await a!.predict(['please'])).toEqual(await b!.predict(['please']))
})

test('fitting can be cancelled', async () => {
  const signal = AbortSignal.abort()
  await expect(fitRegression(texts, labels, { seed: 0, signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
})

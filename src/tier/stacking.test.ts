import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../base/random.ts'
import type { Distribution } from '../task/predictor.ts'
import { fitStacking, type StackingRow, stackedPrediction, stackedPredictor } from './stacking.ts'
import type { RawPrediction, RawPredictor } from './tier.ts'

const labels = ['a', 'b', 'c', 'd']

/** Probabilities of one who sees the right label through noise. */
function seen(right: number, clarity: number, random: Random): Distribution {
  const logits = labels.map((_, at) => (at === right ? clarity : 0) + random.normal())
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
  return { labels, probabilities: logits.map((logit) => Math.exp(logit) / sum) }
}

function rows(
  count: number,
  clarity: { own: number; earlier: number },
  seed: number,
): readonly StackingRow[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const right = random.below(labels.length)
    return {
      own: seen(right, clarity.own, random),
      earlier: seen(right, clarity.earlier, random),
      label: labels[right]!,
    }
  })
}

const saidOf = (distribution: Distribution): RawPrediction => {
  const [best] = labels
    .map((label, at) => ({ label, p: distribution.probabilities[at]! }))
    .sort((a, b) => b.p - a.p)
  return {
    output: { kind: 'labels', labels: [best!.label] },
    score: best!.p,
    noveltyScore: 7,
    distribution,
  }
}

test('two who err apart are right more often together than the better one alone', () => {
  const stacking = fitStacking(rows(600, { own: 2, earlier: 1.6 }, 1))!
  const fresh = rows(2000, { own: 2, earlier: 1.6 }, 2)
  const share = (answers: readonly RawPrediction[]): number =>
    answers.filter(({ output }, at) => output.kind === 'labels' && output.labels[0] === fresh[at]!.label)
      .length / fresh.length
  const alone = share(fresh.map(({ own }) => saidOf(own)))
  const both = share(fresh.map(({ own, earlier }) => stackedPrediction(saidOf(own), earlier, stacking)))
  expect(both).toBeGreaterThan(alone + 0.05)
})

test('one that knows nothing is left out, and so is a handful of rows', () => {
  expect(fitStacking(rows(600, { own: 2, earlier: 0 }, 3))).toBeUndefined()
  expect(fitStacking(rows(49, { own: 2, earlier: 2 }, 4))).toBeUndefined()
  expect(fitStacking([])).toBeUndefined()
})

test('rows whose labels differ, or whose right label neither knows, teach nothing', () => {
  const strange = rows(600, { own: 2, earlier: 2 }, 5).map((row) => ({ ...row, label: 'z' }))
  expect(fitStacking(strange)).toBeUndefined()
})

test('a pooled answer is that of the largest probability, and keeps its novelty and the order of the labels', () => {
  const own = { labels, probabilities: [0.4, 0.35, 0.15, 0.1] }
  const earlier = { labels: [...labels], probabilities: [0.05, 0.9, 0.03, 0.02] }
  const said = stackedPrediction(saidOf(own), earlier, { own: 1, earlier: 1 })
  expect(said.output).toEqual({ kind: 'labels', labels: ['b'] })
  expect(said.noveltyScore).toBe(7)
  expect(said.distribution!.labels).toEqual(labels)
  expect([...said.distribution!.probabilities].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1)
  expect(said.score).toBeCloseTo((0.35 * 0.9) / (0.4 * 0.05 + 0.35 * 0.9 + 0.15 * 0.03 + 0.1 * 0.02))
})

test('a stacked predictor must be told what was said before, and says so where it is not', async () => {
  const own = { labels, probabilities: [0.4, 0.35, 0.15, 0.1] }
  const raw: RawPredictor = { predict: async () => [saidOf(own)], sizeBytes: 3, dispose: async () => {} }
  const stacked = stackedPredictor(raw, { own: 1, earlier: 0.5 })
  const input = { kind: 'text', text: 'x' } as const
  const [told] = await stacked.predict([input], { earlier: [own] })
  expect(told!.output).toEqual({ kind: 'labels', labels: ['a'] })
  expect(stacked.inline).toBeUndefined()
  await expect(stacked.predict([input])).rejects.toThrow(/other labels/)
})

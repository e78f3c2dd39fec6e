import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createBestTagsFinder } from './best-tags.ts'
import { createTagScheme } from './tag-scheme.ts'
import { createTaggerTrainer, type TaggedTexts, type TaggerSettings } from './tagger-trainer.ts'

const scheme = createTagScheme('bioes', 1)
const settings: TaggerSettings = {
  pairRate: 0.1,
  margins: { any: 0.5, outside: 0.5 },
  sparse: { rate: 0.1, dropout: 0.2 },
}

/** Texts of symbols 0 to 5, where 3 begins a span that goes on to the next 4. */
function symbols(count: number, seed: number): TaggedTexts {
  const random = seededRandom(seed)
  const rows: number[] = []
  const tags: number[] = []
  const textStarts = [0]
  for (let text = 0; text < count; text++) {
    for (let part = 0; part < 4; part++) {
      const inner = random.below(3)
      const symbolsOfSpan = [3, ...Array.from({ length: inner }, () => 5), 4]
      const plain = Array.from({ length: random.below(4) }, () => random.below(3))
      const span = { first: 0, last: symbolsOfSpan.length - 1, label: 0 }
      const own = new Uint8Array(symbolsOfSpan.length)
      scheme.encode([span], own)
      rows.push(...plain, ...symbolsOfSpan)
      tags.push(...plain.map(() => 0), ...own)
    }
    textStarts.push(rows.length)
  }
  return {
    textStarts: Int32Array.from(textStarts),
    rows: { starts: Int32Array.from({ length: rows.length + 1 }, (_, t) => t), rows: Int32Array.from(rows) },
    rowCount: 6,
    inputs: new Float32Array(0),
    inputColumns: 16,
    tags: Uint8Array.from(tags),
    weights: new Float32Array(count).fill(1),
  }
}

function trained(data: TaggedTexts, seed: number) {
  const trainer = createTaggerTrainer(data, scheme, settings, seededRandom(seed))
  const random = seededRandom(seed)
  const texts = Int32Array.from(data.weights.keys())
  const losses = Array.from({ length: 5 }, () => trainer.epoch(texts, random, () => {}))
  return { trainer, losses }
}

test('it learns spans that only the order of tags tells, and the loss falls', () => {
  const data = symbols(60, 1)
  const { trainer, losses } = trained(data, 1)
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4)
  const findBest = createBestTagsFinder(scheme)
  for (let text = 0; text < 60; text++) {
    const [first, end] = [data.textStarts[text]!, data.textStarts[text + 1]!]
    const emissions = new Float32Array((end - first) * scheme.tagCount)
    trainer.emissions(text, emissions)
    const { tags } = findBest(emissions, end - first, trainer.weights.chain)
    expect([...tags.subarray(0, end - first)]).toEqual([...data.tags.subarray(first, end)])
  }
})

test('the same seed gives the same weights', () => {
  const data = symbols(20, 2)
  expect(trained(data, 3).trainer.weights).toEqual(trained(data, 3).trainer.weights)
  expect(trained(data, 3).trainer.weights).not.toEqual(trained(data, 4).trainer.weights)
})

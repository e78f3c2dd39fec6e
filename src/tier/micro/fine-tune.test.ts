import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { fineTune } from './fine-tune.ts'
import { chooseRecipe } from './recipe.ts'
import { tinyBase } from './tiny-base.contract.ts'

const base = tinyBase()
const labels = 3
const random = seededRandom(5)

/** Texts of so many tokens each. */
function rowsOf(count: number, tokens: number) {
  const starts = Int32Array.from({ length: count + 1 }, (_, row) => row * tokens)
  const data = Int32Array.from({ length: count * tokens }, () => 5 + random.below(40))
  const targets = Float32Array.from({ length: count * labels }, (_, at) =>
    Number(at % labels === Math.floor(at / labels) % labels),
  )
  const weights = new Float32Array(count).fill(1)
  return { tokens: { data, starts }, targets, labels, multiple: false, weights }
}

test('a training takes no more memory than was planned, and not much less', async () => {
  const recipe = chooseRecipe({ rows: 9000, classes: labels, tokens: 384 * 60, config: base.config })
    .fineTune!
  const rows = rowsOf(384, 60)
  const head = Float32Array.from({ length: labels * base.config.hidden }, () => random.normal())
  const start = new Map([
    ['head.weight', head],
    ['head.bias', new Float32Array(labels)],
  ])
  const learn = Int32Array.from({ length: 384 }, (_, row) => row)
  const stage = { learn, epochs: 1, learningRate: 1e-4, start, seed: 0 }
  const { memory } = await fineTune(base, rows, { ...recipe, batchRows: 128 }, stage, { threads: 1 })
  expect(memory.activation.bytes).toBeGreaterThan(0.4 * memory.totalBytes)
  expect(memory.peakBytes).toBeLessThanOrEqual(memory.totalBytes)
  expect(memory.peakBytes).toBeGreaterThan(memory.totalBytes / 2)
}, 120_000)

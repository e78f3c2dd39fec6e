import { expect, test } from 'vitest'
import { trainHeads } from './head-training.ts'

test('heads of rows held aside are trained where a batch holds none of the others', async () => {
  // Five rows in batches of four: each is once alone, in an epoch of which its own fold learns nothing.
  const rows = {
    features: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 0),
    width: 2,
    targets: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 0),
    labels: 2,
    multiple: false,
  }
  const folds = Array.from({ length: 5 }, (_, aside) =>
    Float32Array.from({ length: 5 }, (_, row) => Number(row !== aside)),
  )
  const recipe = { cost: 30, steps: 40, learningRate: 0.05, batchRows: 4 }
  const heads = await trainHeads(rows, [new Float32Array(5).fill(1), ...folds], recipe, {
    seed: 0,
    threads: 1,
  })
  expect(heads.length).toBe(6)
  for (const { weight, bias } of heads) {
    const logit = (row: number, label: number): number =>
      bias[label]! +
      weight[2 * label]! * rows.features[2 * row]! +
      weight[2 * label + 1]! * rows.features[2 * row + 1]!
    expect(logit(0, 0)).toBeGreaterThan(logit(0, 1))
    expect(logit(1, 1)).toBeGreaterThan(logit(1, 0))
  }
})

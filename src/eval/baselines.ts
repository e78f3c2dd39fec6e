// The plain baselines: what a specialist must beat to be worth having. Majority class, and TF-IDF with
// multinomial logistic regression as scikit-learn has it.
import { throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { largestIndex, softmaxInPlace } from '../model/linear/softmax.ts'
import type { Baseline, FittedBaseline } from './baseline.ts'
import { minimise } from './lbfgs.ts'
import { fitTfidf, type WeightedRows } from './tfidf.ts'

const majority: Baseline = Object.freeze({
  name: 'majority',
  async fit(_texts: readonly string[], labels: readonly string[]): Promise<FittedBaseline> {
    const counts = new Map<string, number>()
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
    const [most] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    return { predict: async (texts) => texts.map(() => most?.[0] ?? '') }
  },
})

const tfidfRegression: Baseline = Object.freeze({
  name: 'tfidf-lr',
  async fit(
    texts: readonly string[],
    labels: readonly string[],
    { signal }: WorkOptions,
  ): Promise<FittedBaseline> {
    const names = [...new Set(labels)].sort()
    const numbers = new Map(names.map((name, index) => [name, index]))
    const vectorizer = fitTfidf(texts)
    const model = await fitRegression(
      {
        rows: vectorizer.rows(texts),
        classes: Int32Array.from(labels, (label) => numbers.get(label)!),
        classCount: names.length,
        columnCount: vectorizer.size,
      },
      signal,
    )
    return { predict: async (given) => answer(model, vectorizer.rows(given)).map((index) => names[index]!) }
  },
})

/** Both, in order of strength. */
export const plainBaselines: readonly Baseline[] = Object.freeze([majority, tfidfRegression])

interface RegressionTask {
  readonly rows: WeightedRows
  readonly classes: Int32Array
  readonly classCount: number
  readonly columnCount: number
}

interface Regression {
  readonly classCount: number
  /** Weights, (columns + 1) x C; the last row holds the biases. */
  readonly weights: Float32Array
}

const inverseRegularisation = 10 // scikit-learn's C
const iterations = 100
const tolerance = 1e-4

/** Minimises `½ |W|² + C · Σ loss`, biases not penalised, with L-BFGS. */
async function fitRegression(task: RegressionTask, signal: AbortSignal | undefined): Promise<Regression> {
  const { classCount, columnCount } = task
  const weights = new Float32Array((columnCount + 1) * classCount)
  await minimise(weights, (point, gradient) => lossAndGradient(task, point, gradient), {
    iterations,
    tolerance,
    beforeIteration: async () => {
      await new Promise<void>((resolve) => setTimeout(resolve))
      throwIfCancelled(signal, 'fitting the baselines')
    },
  })
  return { classCount, weights }
}

function lossAndGradient(task: RegressionTask, point: Float32Array, gradient: Float32Array): number {
  const { rows, classes, classCount, columnCount } = task
  const biases = columnCount * classCount
  let penalty = 0
  for (let i = 0; i < biases; i++) {
    penalty += point[i]! * point[i]!
    gradient[i] = point[i]!
  }
  gradient.fill(0, biases)
  const p = new Float32Array(classCount)
  let loss = 0
  for (let row = 0; row < classes.length; row++) {
    logits({ classCount, weights: point }, rows, row, p)
    softmaxInPlace(p)
    const right = classes[row]!
    loss -= Math.log(Math.max(1e-30, p[right]!))
    p[right]! -= 1
    for (let c = 0; c < classCount; c++) p[c]! *= inverseRegularisation
    for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
      const offset = rows.columns[at]! * classCount
      const value = rows.values[at]!
      for (let c = 0; c < classCount; c++) gradient[offset + c]! += value * p[c]!
    }
    for (let c = 0; c < classCount; c++) gradient[biases + c]! += p[c]!
  }
  return penalty / 2 + inverseRegularisation * loss
}

function logits(
  { classCount, weights }: Regression,
  rows: WeightedRows,
  row: number,
  target: Float32Array,
): void {
  target.set(weights.subarray(weights.length - classCount))
  for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
    const offset = rows.columns[at]! * classCount
    const value = rows.values[at]!
    for (let c = 0; c < classCount; c++) target[c]! += value * weights[offset + c]!
  }
}

function answer(model: Regression, rows: WeightedRows): readonly number[] {
  const target = new Float32Array(model.classCount)
  return Array.from({ length: rows.starts.length - 1 }, (_, row) => {
    logits(model, rows, row, target)
    return largestIndex(target)
  })
}

// Trains a head on the frozen encoder alone, several at once, so that every row is judged by one that had not seen it.
import type { StoredTensor } from '../../model/weights/tensor-source.ts'
import {
  type ClassificationWork,
  noveltyRows,
  type PartOfTraining,
  partOptions,
  type TrainedClassifier,
} from './classification-work.ts'
import { type HeadWeights, headLogitsOf, trainHeads } from './head-training.ts'
import { type Judged, judgeRows } from './judge-rows.ts'
import { findNovelty } from './novelty-thread.ts'

/** Trains on vectors [rows, hidden size]. */
export async function trainFrozen(
  work: ClassificationWork,
  features: Float32Array,
): Promise<TrainedClassifier> {
  const { base, classes, folds, every, options } = work
  const part = { name: 'head', from: 0, to: 1 }
  const rows = [every, ...folds.map(({ learn }) => learn)]
  const heads = await headsOf(work, features, rows, part)
  const vectors = { features, width: base.config.hidden, classes }
  const { signal } = options
  const find = (learn: Int32Array, asked: Int32Array) =>
    findNovelty({ vectors, known: noveltyRows(learn), asked }, signal && { signal })
  const judged: Judged[] = []
  for (const [fold, { learn, check }] of folds.entries()) {
    const { distances } = await find(learn, check)
    const logits = headLogitsOf(heads[fold + 1]!, features, check)
    judged.push(...judgeRows(work, check, { logits, distances }))
  }
  const { novelty } = await find(every, new Int32Array(0))
  return {
    ...{ changed: headTensors(heads[0]!), novelty, judged },
    precision: 'float32',
  }
}

/** Heads that learn from the rows of each list. */
export function headsOf(
  work: ClassificationWork,
  features: Float32Array,
  rows: readonly Int32Array[],
  part: PartOfTraining,
): Promise<readonly HeadWeights[]> {
  const { base, targets, space, weights, recipe, options } = work
  const { labels, multiple } = space
  const about = { features, width: base.config.hidden, targets, labels: labels.length, multiple }
  const rowWeights = rows.map((learn) => onlyRows(weights, learn))
  return trainHeads(about, rowWeights, recipe.head, { ...partOptions(work, part), seed: options.seed })
}

function onlyRows(weights: Float32Array, rows: Int32Array): Float32Array {
  const kept = new Float32Array(weights.length)
  for (const row of rows) kept[row] = weights[row]!
  return kept
}

/** A head as it is kept. */
export function headTensors({ weight, bias }: HeadWeights): ReadonlyMap<string, StoredTensor> {
  const labels = bias.length
  return new Map<string, StoredTensor>([
    ['head.weight', { shape: [labels, weight.length / labels], data: Float32Array.from(weight) }],
    ['head.bias', { shape: [labels], data: Float32Array.from(bias) }],
  ])
}

// Which n-grams of a trained head are kept: those whose weights move the logits most.
import { levelRows } from './quantised.ts'
import type { SparseHead } from './sparse-scorer.ts'
import type { SparseSoftmax } from './sparse-softmax.ts'
import { createVocabulary, levelWeights, type Vocabulary } from './vocabulary.ts'

/** The rows with the largest weights, at most that many, in eight bits; they stay in order. */
export function keepTelling(
  vocabulary: Vocabulary,
  { weights, biases, classCount }: SparseSoftmax,
  mostRows: number,
): Pick<SparseHead, 'vocabulary' | 'weights' | 'biases'> {
  const sizes = Float32Array.from(vocabulary.levels, (level, row) => {
    let squares = 0
    for (let at = row * classCount; at < (row + 1) * classCount; at++) squares += weights[at]! ** 2
    return Math.sqrt(squares) * levelWeights[level]!
  })
  const order = Uint32Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b)
  const kept = order.slice(0, mostRows).sort()
  const matrix = new Float32Array(kept.length * classCount)
  kept.forEach((row, at) => {
    matrix.set(weights.subarray(row * classCount, (row + 1) * classCount), at * classCount)
  })
  return {
    vocabulary: createVocabulary(
      kept.map((row) => vocabulary.codes[row]!),
      Uint8Array.from(kept, (row) => vocabulary.levels[row]!),
    ),
    weights: levelRows(matrix, classCount),
    biases,
  }
}

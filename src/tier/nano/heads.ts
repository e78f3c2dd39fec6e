// The two heads of the nano tier, each trained on any part of a corpus: n-grams and embeddings.
import type { Random } from '../../base/random.ts'
import type { PerceptronWeights } from '../../model/linear/perceptron.ts'
import { createPerceptronTrainer } from '../../model/linear/perceptron-trainer.ts'
import { keepTelling } from '../../model/linear/pruning.ts'
import { type BlockLengths, weighRows } from '../../model/linear/sparse-rows.ts'
import type { SparseHead } from '../../model/linear/sparse-scorer.ts'
import { createSparseTrainer, type Stepping, sparseLogits } from '../../model/linear/sparse-softmax.ts'
import { measureTerms } from '../../model/linear/term-weights.ts'
import type { Terms } from '../../model/linear/terms.ts'
import { selectVocabulary } from '../../model/linear/vocabulary.ts'
import { defaultNgrams, type NgramOptions } from '../../text/ngrams.ts'

/** A training set made ready: everything by row number. */
export interface Corpus {
  readonly features: FeatureChoice
  readonly terms: Terms
  /** N x D, each of length 1 (or 0 where the table knows no piece). */
  readonly embeddings: Float32Array
  readonly dimensions: number
  /** Pieces of the static table that each row is made of. */
  readonly pieces: PieceRows
  /** How many pieces the table has. */
  readonly pieceCount: number
  readonly classes: Int32Array
  readonly classCount: number
  /** How much each row counts. */
  readonly weights: Float32Array
  /** Rows with the same number stay together. */
  readonly groups: Int32Array
  /** 1 for rows that are part of a longer one, and for those that are only learned from. */
  readonly contained: Uint8Array
  /** How many rows are only learned from; absent: none. */
  readonly onlyLearned?: number
}

/** Piece numbers by row: row `i` has `ids` from `starts[i]` up to `starts[i + 1]`. */
export interface PieceRows {
  readonly starts: Int32Array
  readonly ids: Int32Array
}

/** A head that is trained epoch by epoch on some rows and gives logits, M x C, of others. */
export interface HeadTrainer<Head> {
  epoch(random: Random, tick: (share: number) => void): void
  logits(rows: Int32Array): Float32Array
  head(): Head
}

/** Which n-grams are taken, and how much words count beside characters. */
export interface FeatureChoice {
  readonly ngrams: NgramOptions
  readonly lengths: BlockLengths
}

const manyRowsPerClass = 1000

/**
 * Where a class has many rows there are enough of each run of three words to learn from, and characters, which
 * tell of words never seen, count less: half a point to one and a half on sentiment and topics.
 */
export function chooseFeatures(rowCount: number, classCount: number): FeatureChoice {
  return rowCount / classCount >= manyRowsPerClass
    ? { ngrams: { ...defaultNgrams, wordLengths: 3 }, lengths: [1, 0.5] }
    : { ngrams: defaultNgrams, lengths: [1, 0.7] }
}

/** Bytes that an n-gram head may take: for 20 classes and fewer, and for each class more. */
interface HeadLimit {
  readonly base: number
  readonly perClass: number
}

// What is kept is what a thousand specialists of twenty classes leave each in a gigabyte. Of the n-grams that were
// learned the last third by weight can go without a loss that shows; half of them cost up to a quarter of a point.
const learned: HeadLimit = { base: 1_200_000, perClass: 40_000 }
const kept: HeadLimit = { base: 750_000, perClass: 32_000 }

function mostRows({ base, perClass }: HeadLimit, classCount: number): number {
  return Math.floor((base + perClass * Math.max(0, classCount - 20)) / (classCount + 6))
}

/** The n-gram head over the rows `learn`. */
export function createSparseHead(
  corpus: Corpus,
  learn: Int32Array,
  stepping: Stepping,
): HeadTrainer<SparseHead> {
  const { terms, classCount } = corpus
  const { ngrams, lengths } = corpus.features
  const statistics = measureTerms(terms, {
    rows: learn,
    classes: corpus.classes,
    classCount,
    groups: corpus.groups,
  })
  const vocabulary = selectVocabulary(terms.codes, statistics, mostRows(learned, classCount))
  const { model, epoch } = createSparseTrainer(
    {
      rows: weighRows(terms, learn, vocabulary, lengths),
      classes: pick(corpus.classes, learn),
      weights: Float32Array.from(learn, (row) => corpus.weights[row]!),
      classCount,
      vocabularySize: vocabulary.size,
    },
    stepping,
  )
  return {
    epoch,
    logits(rows) {
      const sparse = weighRows(terms, rows, vocabulary, lengths)
      const out = new Float32Array(rows.length * classCount)
      for (let i = 0; i < rows.length; i++) {
        sparseLogits(model, sparse, i, out.subarray(i * classCount, (i + 1) * classCount))
      }
      return out
    },
    head: () => ({ ngrams, lengths, ...keepTelling(vocabulary, model, mostRows(kept, classCount)) }),
  }
}

/** The embedding head over the rows `learn`. */
export function createDenseHead(
  corpus: Corpus,
  learn: Int32Array,
  random: Random,
): HeadTrainer<PerceptronWeights> {
  const trainer = createPerceptronTrainer(
    {
      embeddings: pickRows(corpus.embeddings, corpus.dimensions, learn),
      dimensions: corpus.dimensions,
      classes: pick(corpus.classes, learn),
      weights: Float32Array.from(learn, (row) => corpus.weights[row]!),
      classCount: corpus.classCount,
    },
    random,
  )
  return {
    epoch: trainer.epoch,
    logits: (rows) => trainer.logits(pickRows(corpus.embeddings, corpus.dimensions, rows)),
    head: trainer.weights,
  }
}

/** The classes of the rows. */
export function pick(classes: Int32Array, rows: Int32Array): Int32Array {
  return rows.map((row) => classes[row]!)
}

function pickRows(matrix: Float32Array, columns: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * columns)
  rows.forEach((row, i) => {
    out.set(matrix.subarray(row * columns, (row + 1) * columns), i * columns)
  })
  return out
}

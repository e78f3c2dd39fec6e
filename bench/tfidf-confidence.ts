/** The peer of novelty scores: TF-IDF with logistic regression, and the top probability that it gives a text. */
import { seededRandom } from '../src/base/random.ts'
import { baselineNgrams } from '../src/eval/baselines.ts'
import { softmaxInPlace } from '../src/model/linear/softmax.ts'
import { createSparseTrainer, sparseLogits } from '../src/model/linear/sparse-softmax.ts'
import { createTermCounter, type Terms } from '../src/model/linear/terms.ts'
import { fitTfidf, tfidfRows } from '../src/model/linear/tfidf.ts'
import type { Row } from './data/labelled-sets.ts'

const epochs = 10 // as in `eval/baselines.ts`

/** Fits on rows; the result gives the top probability of each text, 0..1. */
export function fitTopProbability(
  rows: readonly Row[],
  seed: number,
): (texts: readonly string[]) => readonly number[] {
  const labels = [...new Set(rows.map(([, label]) => label))].sort()
  const numbers = new Map(labels.map((label, at) => [label, at]))
  const terms = termsOf(rows.map(([text]) => text))
  const weights = fitTfidf(terms)
  const { model, epoch } = createSparseTrainer(
    {
      rows: tfidfRows(terms, weights),
      classes: Int32Array.from(rows, ([, label]) => numbers.get(label)!),
      weights: new Float32Array(rows.length).fill(1),
      classCount: labels.length,
      vocabularySize: weights.vocabulary.size,
    },
    'plain',
  )
  const random = seededRandom(seed).fork('tfidf-lr')
  for (let i = 0; i < epochs; i++) epoch(random, () => {})
  return (texts) => {
    const asked = tfidfRows(termsOf(texts), weights)
    const logits = new Float32Array(labels.length)
    return texts.map((_, row) => {
      sparseLogits(model, asked, row, logits)
      softmaxInPlace(logits)
      return Math.max(...logits)
    })
  }
}

function termsOf(texts: readonly string[]): Terms {
  const counter = createTermCounter(baselineNgrams)
  for (const text of texts) counter.add(text)
  return counter.finish()
}

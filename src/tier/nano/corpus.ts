// Makes a corpus of texts and classes ready for training.
import { createTermCounter } from '../../model/linear/terms.ts'
import type { StaticEmbedding } from '../../model/static-embedding.ts'
import { boundText, featureLimit } from '../../text/normalise.ts'
import { joinFamilies } from './families.ts'
import { type Corpus, chooseFeatures } from './heads.ts'

/** Labelled texts by row number. */
export interface LabelledTexts {
  readonly texts: readonly string[]
  readonly classes: Int32Array
  readonly classCount: number
  readonly weights: Float32Array
  readonly groups: Int32Array
}

/** Counts the n-grams of all texts and embeds them; `tick` is called with the share done. */
export function prepareCorpus(
  { texts, ...rows }: LabelledTexts,
  table: StaticEmbedding,
  tick: (share: number) => void,
): Corpus {
  const features = chooseFeatures(texts.length, rows.classCount)
  const counter = createTermCounter(features.ngrams)
  const { dimensions } = table
  const embeddings = new Float32Array(texts.length * dimensions)
  texts.forEach((text, row) => {
    counter.add(text)
    embedUnit(table, text, embeddings.subarray(row * dimensions, (row + 1) * dimensions))
    if (row % 256 === 0) tick(row / texts.length)
  })
  const terms = counter.finish()
  return { ...rows, features, ...joinFamilies(terms, rows.groups), terms, embeddings, dimensions }
}

/** Writes a text's embedding, scaled to length 1; all zeros where the table knows none of its pieces. */
export function embedUnit(table: StaticEmbedding, text: string, target: Float32Array): void {
  table.embedInto(target, boundText(text, featureLimit))
  let squares = 0
  for (let d = 0; d < target.length; d++) squares += target[d]! * target[d]!
  if (squares === 0) return
  const scale = 1 / Math.sqrt(squares)
  for (let d = 0; d < target.length; d++) target[d]! *= scale
}

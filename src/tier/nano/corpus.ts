// Makes a corpus of texts and classes ready for training.
import { createTermCounter } from '../../model/linear/terms.ts'
import type { StaticEmbedding } from '../../model/static-embedding.ts'
import { boundText, featureLimit } from '../../text/normalise.ts'
import { joinFamilies } from './families.ts'
import { type Corpus, chooseFeatures, type PieceRows } from './heads.ts'

/** Labelled texts by row number. */
export interface LabelledTexts {
  readonly texts: readonly string[]
  readonly classes: Int32Array
  readonly classCount: number
  readonly weights: Float32Array
  readonly groups: Int32Array
  /** 1 for rows that are learned from and never checked on; absent: none. */
  readonly onlyLearned?: Uint8Array
}

/** Counts the n-grams of all texts and embeds them; `tick` is called with the share done. */
export function prepareCorpus(
  { texts, onlyLearned, ...rows }: LabelledTexts,
  table: StaticEmbedding,
  tick: (share: number) => void,
): Corpus {
  const features = chooseFeatures(texts.length, rows.classCount)
  const counter = createTermCounter(features.ngrams)
  const { dimensions } = table
  const embeddings = new Float32Array(texts.length * dimensions)
  const pieces = createPieceRows()
  texts.forEach((text, row) => {
    counter.add(text)
    pieces.add(embedUnit(table, text, embeddings.subarray(row * dimensions, (row + 1) * dimensions)))
    if (row % 256 === 0) tick(row / texts.length)
  })
  const terms = counter.finish()
  const families = joinFamilies(terms, rows.groups)
  onlyLearned?.forEach((only, row) => {
    if (only === 1) families.contained[row] = 1
  })
  return {
    ...{ ...rows, features, ...families, terms, embeddings, dimensions },
    ...{ pieces: pieces.finish(), pieceCount: table.pieces.size },
    ...(onlyLearned && { onlyLearned: onlyLearned.reduce((sum, only) => sum + only, 0) }),
  }
}

/**
 * Writes a text's embedding, scaled to length 1, and gives its pieces; all zeros where the table knows none of them.
 * The sum of the pieces' vectors has the same direction as their mean.
 */
export function embedUnit(table: StaticEmbedding, text: string, target: Float32Array): Int32Array {
  const pieces = table.pieces.idsOf(boundText(text, featureLimit))
  target.fill(0)
  table.add(target, pieces)
  let squares = 0
  for (let d = 0; d < target.length; d++) squares += target[d]! * target[d]!
  if (squares === 0) return pieces
  const scale = 1 / Math.sqrt(squares)
  for (let d = 0; d < target.length; d++) target[d]! *= scale
  return pieces
}

/** Collects the pieces of texts, row by row. */
function createPieceRows(): { add(pieces: Int32Array): void; finish(): PieceRows } {
  const starts = [0]
  let ids = new Int32Array(1 << 16)
  return {
    add(pieces) {
      const end = starts.at(-1)! + pieces.length
      if (end > ids.length) {
        const grown = new Int32Array(Math.ceil(end * 1.7))
        grown.set(ids)
        ids = grown
      }
      ids.set(pieces, starts.at(-1)!)
      starts.push(end)
    },
    finish: () => ({ starts: Int32Array.from(starts), ids: ids.slice(0, starts.at(-1)!) }),
  }
}

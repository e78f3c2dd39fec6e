/**
 * Unigram: of all ways to cut a word into pieces the one whose scores add up highest (Kudo 2018, "Subword regularization"),
 * as XLM-RoBERTa and multilingual e5 read. Ties go to the earlier start, as in the Rust library, sums are float64.
 */
import type { Model, Vocabulary } from './model.ts'
import { createPairTable, type PairTable } from './pair-table.ts'

/** What tokenizer.json says of a Unigram model. */
export interface UnigramOptions {
  readonly unknownId: number | undefined
  /** Log-probability of each id. */
  readonly scores: Float64Array
  /** Ids of the bytes 0 to 255, where unknown characters are spelled in bytes. */
  readonly byteIds: Int32Array | undefined
}

/** How much less an unknown character scores than the least likely piece. */
const unknownPenalty = 10

/** The model over a vocabulary. */
export function createUnigram(vocabulary: Vocabulary, { unknownId, scores, byteIds }: UnigramOptions): Model {
  const trie = createTrie(vocabulary)
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - unknownPenalty

  /** For every place in the word the best last piece that ends there: where it begins, and its id (-1 unknown). */
  function search(word: string): { readonly from: Int32Array; readonly ids: Int32Array } {
    const best = new Float64Array(word.length + 1).fill(-Infinity)
    const from = new Int32Array(word.length + 1)
    const ids = new Int32Array(word.length + 1)
    best[0] = 0
    const offer = (start: number, end: number, id: number, score: number): void => {
      if (score <= best[end]!) return
      best[end] = score
      from[end] = start
      ids[end] = id
    }
    for (let start = 0; start < word.length; ) {
      const single = start + (word.codePointAt(start)! > 0xffff ? 2 : 1)
      let isKnown = false
      let node: number | undefined = 0
      for (let end = start; end < word.length; ) {
        node = trie.edges.get(node, word.charCodeAt(end))
        if (node === undefined) break
        end++
        const id = trie.idAt[node]!
        if (id < 0) continue
        offer(start, end, id, best[start]! + scores[id]!)
        if (end === single) isKnown = true
      }
      if (!isKnown) offer(start, single, -1, best[start]! + unknownScore)
      start = single
    }
    return { from, ids }
  }

  return {
    unknownId,
    cut(word) {
      const { from, ids } = search(word)
      const pieces: number[][] = []
      for (let end = word.length; end > 0; ) {
        const id = ids[end]!
        let start = from[end]!
        if (id < 0) {
          // Unknown characters side by side are one unknown piece.
          while (start > 0 && ids[start]! < 0) start = from[start]!
          pieces.push(cutUnknown(word, start, end))
        } else pieces.push([id, start, end])
        end = start
      }
      return Int32Array.from(pieces.reverse().flat())
    },
  }

  function cutUnknown(word: string, start: number, end: number): number[] {
    if (byteIds !== undefined) {
      const pieces: number[] = []
      for (let unit = start; unit < end; ) {
        const character = String.fromCodePoint(word.codePointAt(unit)!)
        for (const byte of Buffer.from(character)) pieces.push(byteIds[byte]!, unit, unit + character.length)
        unit += character.length
      }
      return pieces
    }
    return unknownId === undefined ? [] : [unknownId, start, end]
  }
}

interface Trie {
  readonly edges: PairTable
  /** Id of the piece that ends at a node, -1 where none does. */
  readonly idAt: Int32Array
}

function createTrie(vocabulary: Vocabulary): Trie {
  let units = 1
  for (const piece of vocabulary.ids.keys()) units += piece.length
  const idAt = new Int32Array(units).fill(-1)
  const edges = createPairTable(units >> 1)
  let nodes = 1
  for (const [piece, id] of vocabulary.ids) {
    if (vocabulary.special.has(id)) continue
    let node = 0
    for (let unit = 0; unit < piece.length; unit++) {
      const known = edges.get(node, piece.charCodeAt(unit))
      const next = known ?? nodes++
      if (known === undefined) edges.set(node, piece.charCodeAt(unit), next)
      node = next
    }
    idAt[node] = id
  }
  return { edges, idAt: idAt.slice(0, nodes) }
}

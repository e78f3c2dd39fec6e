// Splits a text into the pieces of a static embedding table: words as BERT's uncased tokenizer cuts
// them, then the longest piece that fits, again and again. Our own because the tables' vocabularies
// are our own (pieces dropped, whole words added), and because a classifier that answers in
// microseconds cannot build a tokenizer's objects for every text: a word seen before costs one look-up.
import { isHanUnit } from './script.ts'

/** Piece ids of words and texts under one vocabulary. */
export interface WordPieces {
  /** Number of pieces in the vocabulary. */
  readonly size: number
  /** Ids of one word as `forEachWord` gives it: lower case, no accents. Empty when nothing fits. */
  lookup(word: string): Int32Array
  /** Ids of a whole text, in order. */
  idsOf(text: string): Int32Array
}

/** What `createWordPieces` may be told. */
export interface WordPiecesOptions {
  /** Words remembered with their pieces; the memory starts afresh when full. */
  readonly cacheSize?: number
}

const longestWord = 100 // as in BERT: longer strings are no words, and cutting them costs the square
const longestRemembered = 24

/** Builds the look-up for a vocabulary, one piece an entry, `##` before those that continue a word. */
export function createWordPieces(vocabulary: readonly string[], options: WordPiecesOptions = {}): WordPieces {
  const cacheSize = options.cacheSize ?? 32_768
  const lexicon = buildLexicon(vocabulary)
  const cache = new Map<string, Int32Array>()

  function lookup(word: string): Int32Array {
    const known = cache.get(word)
    if (known !== undefined) return known
    const ids = Int32Array.from(
      isHanUnit(word.charCodeAt(0)) ? cutHanRun(word, lexicon) : cutWord(word, lexicon),
    )
    // Long runs of Han characters are whole clauses and hardly ever come back.
    if (word.length > longestRemembered) return ids
    if (cache.size >= cacheSize) cache.clear()
    cache.set(detach(word), ids)
    return ids
  }

  return {
    size: vocabulary.length,
    lookup,
    idsOf(text) {
      const parts: Int32Array[] = []
      let count = 0
      forEachWord(text, (word) => {
        const ids = lookup(word)
        parts.push(ids)
        count += ids.length
      })
      return concatenate(parts, count)
    },
  }
}

/**
 * Calls `visit` with each word, run of Han characters and single symbol of a text, normalised.
 * Unlike BERT, every symbol stands alone ("€5" is "€", "5"), so that an unknown one costs no word.
 */
export function forEachWord(text: string, visit: (word: string) => void): void {
  const normal = normalizeForPieces(text)
  let start = 0
  let open: Kind = kinds.space
  for (let index = 0; index < normal.length; index++) {
    const unit = normal.charCodeAt(index)
    const kind = unit < 0x80 ? (asciiKinds[unit] ?? kinds.space) : kindOf(normal, index)
    if (kind === open && kind !== kinds.symbol) continue
    if (kind === kinds.joined) continue
    if (open !== kinds.space) visit(normal.slice(start, index))
    start = index
    open = kind
  }
  if (open !== kinds.space) visit(normal.slice(start))
}

/** Lower case, accents and other marks off, as the encoders were trained. */
function normalizeForPieces(text: string): string {
  const lower = text.toLowerCase()
  // Han text and ASCII have no marks; most texts end here.
  return /[^\0-\x7f\u3000-\u303f\u3400-\u9fff\uff00-\uff5e]/.test(lower)
    ? lower.normalize('NFD').replace(/\p{Mn}/gu, '')
    : lower
}

const kinds = { space: 0, word: 1, han: 2, symbol: 3, joined: 4 } as const
type Kind = (typeof kinds)[keyof typeof kinds]

const asciiKinds = Array.from({ length: 0x80 }, (_, unit): Kind => {
  const character = String.fromCharCode(unit)
  if (/[a-z0-9]/i.test(character)) return kinds.word
  return unit <= 0x20 || unit === 0x7f ? kinds.space : kinds.symbol
})

function kindOf(text: string, index: number): Kind {
  const unit = text.charCodeAt(index)
  if (unit >= 0xdc00 && unit <= 0xdfff) return kinds.joined // the second half belongs to the first
  if (isHanUnit(unit)) return kinds.han
  const character = String.fromCodePoint(text.codePointAt(index) ?? unit)
  if (/[\p{L}\p{N}]/u.test(character)) return kinds.word
  return /[\s\p{C}]/u.test(character) ? kinds.space : kinds.symbol
}

interface PieceTable {
  readonly ids: Map<string, number>
  longest: number
}

interface Lexicon {
  readonly starts: PieceTable
  readonly continuations: PieceTable
  readonly han: PieceTable
}

function buildLexicon(vocabulary: readonly string[]): Lexicon {
  const table = (): PieceTable => ({ ids: new Map(), longest: 0 })
  const lexicon: Lexicon = { starts: table(), continuations: table(), han: table() }
  vocabulary.forEach((piece, id) => {
    const continues = piece.length > 2 && piece.startsWith('##')
    const starts = isHanUnit(piece.charCodeAt(0)) ? lexicon.han : lexicon.starts
    const pieces = continues ? lexicon.continuations : starts
    const text = continues ? piece.slice(2) : piece
    pieces.ids.set(text, id)
    pieces.longest = Math.max(pieces.longest, text.length)
  })
  return lexicon
}

function cutWord(word: string, lexicon: Lexicon): readonly number[] {
  if (word.length > longestWord) return []
  const ids: number[] = []
  for (let start = 0; start < word.length; ) {
    const length = takeLongest(word, start, start === 0 ? lexicon.starts : lexicon.continuations, ids)
    if (length === 0) return [] // as in BERT: a word is known whole or not at all
    start += length
  }
  return ids
}

function cutHanRun(run: string, lexicon: Lexicon): readonly number[] {
  const ids: number[] = []
  for (let start = 0; start < run.length; ) {
    // An unknown character says nothing; those around it still do.
    start += Math.max(1, takeLongest(run, start, lexicon.han, ids))
  }
  return ids
}

/** Adds the longest piece that `word` has at `start` to `ids`; gives its length, 0 when there is none. */
function takeLongest(word: string, start: number, pieces: PieceTable, ids: number[]): number {
  for (let length = Math.min(pieces.longest, word.length - start); length > 0; length--) {
    const id = pieces.ids.get(word.slice(start, start + length))
    if (id === undefined) continue
    ids.push(id)
    return length
  }
  return 0
}

// A slice keeps the whole text that it was cut from alive; a remembered word must not.
function detach(word: string): string {
  return word.length < 13 ? word : JSON.parse(JSON.stringify(word))
}

function concatenate(parts: readonly Int32Array[], count: number): Int32Array {
  const ids = new Int32Array(count)
  let offset = 0
  for (const part of parts) {
    ids.set(part, offset)
    offset += part.length
  }
  return ids
}

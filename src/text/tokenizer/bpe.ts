/**
 * Byte-pair encoding: symbols side by side are merged, the earliest learned merge first (Sennrich 2016). Symbols are the
 * bytes of the word in UTF-8 (RoBERTa) or its characters with a fallback to bytes (Llama, Gemma).
 */
import { type Model, readableId, type Vocabulary } from './model.ts'
import { createPairTable } from './pair-table.ts'

/** One merge: ids of the two pieces and of what they become. */
export interface Merge {
  readonly left: number
  readonly right: number
  readonly merged: number
}

/** What tokenizer.json says of a BPE model. */
export interface BpeOptions {
  readonly unknownId: number | undefined
  readonly merges: readonly Merge[]
  /** True where words are read as bytes, each written as the character that GPT-2 gave it. */
  readonly isByteLevel: boolean
  /** Ids of the bytes 0 to 255, where unknown characters are spelled in bytes. */
  readonly byteIds: Int32Array | undefined
  /** Unknown characters side by side are one unknown piece. */
  readonly fuseUnknown: boolean
  /** A word that is a piece is that piece, whatever the merges say. */
  readonly ignoreMerges: boolean
}

interface Symbols {
  readonly ids: number[]
  readonly starts: number[]
  readonly ends: number[]
}

/** Ranks times this plus a place order the merges of a word: by rank, then from left to right. */
const places = 2 ** 27

/** The model over a vocabulary. */
export function createBpe(vocabulary: Vocabulary, options: BpeOptions): Model {
  const ranks = createPairTable(options.merges.length)
  options.merges.forEach(({ left, right }, rank) => {
    if (ranks.get(left, right) === undefined) ranks.set(left, right, rank)
  })
  const wholeOf = wholePieces(vocabulary, options)
  const symbolsOf = options.isByteLevel
    ? byteSymbols(vocabulary, options)
    : characterSymbols(vocabulary, options)

  return {
    unknownId: options.unknownId,
    cut(word) {
      const whole = wholeOf(word)
      if (whole !== undefined) return Int32Array.of(whole, 0, word.length)
      const { ids, starts, ends } = symbolsOf(word)
      const next = mergeSymbols(ids, (left, right) => ranks.get(left, right), options.merges)
      const pieces: number[] = []
      for (let at = 0; at < ids.length; at = next[at]!)
        pieces.push(ids[at]!, starts[at]!, ends[next[at]! - 1]!)
      return Int32Array.from(pieces)
    },
  }
}

/** Merges in place: `ids[at]` becomes the id of the piece that begins at symbol `at`; gives where the next piece begins. */
function mergeSymbols(
  ids: number[],
  rankOf: (left: number, right: number) => number | undefined,
  merges: readonly Merge[],
): Int32Array {
  const count = ids.length
  const next = Int32Array.from(ids, (_, at) => at + 1)
  const previous = Int32Array.from(ids, (_, at) => at - 1)
  const heap: number[] = []
  const rankAt = (at: number): number | undefined =>
    at >= 0 && next[at]! < count ? rankOf(ids[at]!, ids[next[at]!]!) : undefined
  const offer = (at: number): void => {
    const rank = rankAt(at)
    if (rank !== undefined) pushKey(heap, rank * places + at)
  }
  for (let at = 0; at + 1 < count; at++) offer(at)
  while (heap.length > 0) {
    const key = popKey(heap)
    const at = key % places
    const rank = Math.floor(key / places)
    // What stood here when the merge was offered may have been merged otherwise since.
    if (ids[at] === gone || rankAt(at) !== rank) continue
    const right = next[at]!
    ids[at] = merges[rank]!.merged
    ids[right] = gone
    next[at] = next[right]!
    if (next[at]! < count) previous[next[at]!] = at
    offer(previous[at]!)
    offer(at)
  }
  return next
}

const gone = -1

/** Symbols of a word read as bytes; all bytes of a character have the character's span. */
function byteSymbols(vocabulary: Vocabulary, { unknownId }: BpeOptions): (word: string) => Symbols {
  const idOfByte = byteCharacters().map((character) => vocabulary.ids.get(character) ?? unknownId)
  return (word) => {
    const symbols: Symbols = { ids: [], starts: [], ends: [] }
    for (let unit = 0; unit < word.length; ) {
      const codePoint = word.codePointAt(unit)!
      const end = unit + (codePoint > 0xffff ? 2 : 1)
      if (codePoint < 0x80) addSymbol(symbols, idOfByte[codePoint], unit, end)
      else {
        for (const byte of Buffer.from(word.slice(unit, end))) addSymbol(symbols, idOfByte[byte], unit, end)
      }
      unit = end
    }
    return symbols
  }
}

function characterSymbols(
  vocabulary: Vocabulary,
  { unknownId, byteIds, fuseUnknown }: BpeOptions,
): (word: string) => Symbols {
  return (word) => {
    const symbols: Symbols = { ids: [], starts: [], ends: [] }
    let isAfterUnknown = false
    let unit = 0
    for (const character of word) {
      const end = unit + character.length
      const id = readableId(vocabulary, character)
      if (id !== undefined) addSymbol(symbols, id, unit, end)
      else if (byteIds !== undefined) {
        for (const byte of Buffer.from(character)) addSymbol(symbols, byteIds[byte], unit, end)
      } else if (isAfterUnknown && fuseUnknown) symbols.ends[symbols.ends.length - 1] = end
      else addSymbol(symbols, unknownId, unit, end)
      isAfterUnknown = id === undefined && byteIds === undefined && unknownId !== undefined
      unit = end
    }
    return symbols
  }
}

function addSymbol(symbols: Symbols, id: number | undefined, start: number, end: number): void {
  if (id === undefined) return // A vocabulary without an unknown piece has nothing for it, as in the Rust library.
  symbols.ids.push(id)
  symbols.starts.push(start)
  symbols.ends.push(end)
}

function wholePieces(
  vocabulary: Vocabulary,
  { isByteLevel, ignoreMerges }: BpeOptions,
): (word: string) => number | undefined {
  if (!ignoreMerges) return () => undefined
  if (!isByteLevel) return (word) => readableId(vocabulary, word)
  const characters = byteCharacters()
  return (word) => readableId(vocabulary, Array.from(Buffer.from(word), (byte) => characters[byte]).join(''))
}

/** The character that stands for each byte in a byte-level vocabulary: itself where it can be seen, or else one from U+0100 on. */
export function byteCharacters(): readonly string[] {
  let hidden = 0
  return Array.from({ length: 256 }, (_, byte) => {
    const isSeen = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
    return String.fromCharCode(isSeen ? byte : 0x100 + hidden++)
  })
}

function pushKey(heap: number[], key: number): void {
  let at = heap.length
  heap.push(key)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]! <= key) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = key
}

function popKey(heap: number[]): number {
  const least = heap[0]!
  const key = heap.pop()!
  if (heap.length === 0) return least
  let at = 0
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
    if (heap[child]! >= key) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = key
  return least
}

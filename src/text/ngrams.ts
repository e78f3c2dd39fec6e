// Word and character n-grams of a text as 32-bit numbers, without making a string for any of them.
// Needs no word segmenter: in scripts written without spaces every character is a word.

/** Which n-grams are taken. */
export interface NgramOptions {
  /** Longest run of words that are written with spaces between. */
  readonly wordLengths: number
  /** Shortest and longest run of characters inside such a word; its two ends count as characters. */
  readonly characterLengths: readonly [number, number]
  /** Longest run of characters in scripts without spaces. */
  readonly unspacedLengths: number
}

/** What measures best over intents, sentiment, topics and emotions in English and Chinese. */
export const defaultNgrams: NgramOptions = {
  wordLengths: 2,
  characterLengths: [3, 5],
  unspacedLengths: 4,
}

/** Blocks are told apart by the lowest bit of a code: words and their runs, or characters inside words. */
export const ngramBlocks = { words: 0, characters: 1 } as const

/** N-grams of the last text, in order of appearance, repeats included. Read `codes` up to `count`. */
export interface NgramBuffer {
  codes: Uint32Array
  count: number
}

/** A buffer that grows with the texts it is used for. */
export function createNgramBuffer(): NgramBuffer {
  return { codes: new Uint32Array(4096), count: 0 }
}

const classes = { space: 0, word: 1, unspaced: 2, symbol: 3 } as const
const unknownClass = 255
const longestWord = 64 // units of a word that character n-grams are taken of; more is a URL or noise
const longestRun = 4
const seed = 0x811c9dc5 // FNV-1a's
const prime = 0x01000193

/** Fills `buffer` with the n-grams of a text that `normaliseForFeatures` made. */
export function extractNgrams(text: string, options: NgramOptions, buffer: NgramBuffer): void {
  const [shortest, longest] = options.characterLengths
  // A unit starts at most one n-gram of each length; a word's two ends add `longest` more.
  reserve(buffer, text.length * (longest + longestRun) + 2 * longest + longestRun)
  buffer.count = 0
  // Codes of up to three words before this one, 0 where there is none, and how many unspaced ones came last.
  const before: [number, number, number] = [0, 0, 0]
  let unspaced = 0
  for (let at = 0; at < text.length; ) {
    const kind = classOf(text.charCodeAt(at))
    if (kind === classes.space) {
      at++
      continue
    }
    const start = at
    let hash = kind === classes.word ? seed : seed ^ 0x3779
    do {
      hash = Math.imul(hash ^ text.charCodeAt(at++), prime)
    } while (kind === classes.word && at < text.length && classOf(text.charCodeAt(at)) === classes.word)
    if (kind === classes.word)
      addCharacterRuns(text, start, Math.min(at, start + longestWord), shortest, longest, buffer)
    unspaced = kind === classes.unspaced ? unspaced + 1 : 0
    const length =
      unspaced > options.wordLengths ? Math.min(unspaced, options.unspacedLengths) : options.wordLengths
    addWordRuns(mix(hash), before, length, buffer)
  }
}

/** Adds runs of one to `length` words that end in the newest, and moves it into `before`. */
function addWordRuns(
  word: number,
  before: [number, number, number],
  length: number,
  buffer: NgramBuffer,
): void {
  let run = word
  buffer.codes[buffer.count++] = run & ~1
  for (let back = 0; back < length - 1 && before[back] !== 0; back++) {
    run = mix(Math.imul(run, 31) ^ before[back]! ^ (back + 1))
    buffer.codes[buffer.count++] = run & ~1
  }
  before[2] = before[1]
  before[1] = before[0]
  before[0] = word === 0 ? 1 : word
}

/** Adds the runs of characters of one word, its two ends written as units 2 and 3. */
function addCharacterRuns(
  text: string,
  start: number,
  end: number,
  shortest: number,
  longest: number,
  buffer: NgramBuffer,
): void {
  const codes = buffer.codes
  let count = buffer.count
  for (let first = start - 1; first <= end - shortest + 1; first++) {
    let hash = first < start ? Math.imul(seed ^ 2, prime) : seed
    let length = first < start ? 1 : 0
    for (let at = first < start ? start : first; at <= end && length < longest; at++) {
      hash = Math.imul(hash ^ (at === end ? 3 : text.charCodeAt(at)), prime)
      hash = (hash << 5) | (hash >>> 27)
      if (++length >= shortest) codes[count++] = mix(hash) | 1
    }
  }
  buffer.count = count
}

/** The last step of MurmurHash3: every bit of the result depends on every bit before. */
function mix(hash: number): number {
  let bits = hash ^ (hash >>> 16)
  bits = Math.imul(bits, 0x85ebca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

function reserve(buffer: NgramBuffer, count: number): void {
  if (buffer.codes.length < count) buffer.codes = new Uint32Array(count * 2)
}

const classTable = new Uint8Array(0x10000).fill(unknownClass)

function classOf(unit: number): number {
  const known = classTable[unit]!
  if (known !== unknownClass) return known
  const kind = classify(unit)
  classTable[unit] = kind
  return kind
}

function classify(unit: number): number {
  const character = String.fromCharCode(unit)
  if (unit <= 0x20 || /\s/u.test(character)) return classes.space
  if (unspacedRanges.some(([first, last]) => unit >= first && unit <= last)) return classes.unspaced
  return /[\p{L}\p{N}\p{M}_]/u.test(character) ? classes.word : classes.symbol
}

const unspacedRanges = [
  [0x0e00, 0x0eff], // Thai, Lao
  [0x1000, 0x109f], // Myanmar
  [0x1780, 0x17ff], // Khmer
  [0x3040, 0x30ff], // Hiragana, Katakana
  [0x3400, 0x4dbf], // Han, extension A
  [0x4e00, 0x9fff], // Han
  [0xd840, 0xd888], // Han beyond the basic plane, first halves
  [0xf900, 0xfaff], // Han, compatibility
] as const

// Cuts a text into tokens with their offsets, so that spans of it can be told token by token. Where to cut inside a
// word can be learned from spans: wherever one begins or ends, there is a cut between the two kinds of unit it shows.

/** Tokens of the last text: `starts[i]` to `ends[i]`, end exclusive, in UTF-16 units; read up to `count`. */
export interface TokenBuffer {
  starts: Int32Array
  ends: Int32Array
  count: number
}

/** A buffer that grows with the texts it is used for. */
export function createTokenBuffer(): TokenBuffer {
  return { starts: new Int32Array(256), ends: new Int32Array(256), count: 0 }
}

/** Kinds of units; every ASCII punctuation mark is a kind of its own, from `mark` on. */
export const unitKinds = {
  space: 0,
  lower: 1,
  upper: 2,
  letter: 3,
  digit: 4,
  unspaced: 5,
  joined: 6,
  symbol: 7,
  trail: 8,
  mark: 9,
} as const
const kindCount = 128

const { space, lower, upper, letter, digit, unspaced, joined, symbol, trail, mark } = unitKinds

const asciiKinds = Uint8Array.from({ length: 0x80 }, (_, unit) => {
  const character = String.fromCharCode(unit)
  if (unit <= 0x20 || unit === 0x7f) return space
  if (/[a-z]/.test(character)) return lower
  if (/[A-Z]/.test(character)) return upper
  if (/[0-9]/.test(character)) return digit
  return mark + (unit - 0x21)
})
const unknownKind = 255
const otherKinds = new Uint8Array(0x10000).fill(unknownKind)

/** The kind of a UTF-16 unit; the second half of a surrogate pair belongs to the first. */
export function unitKind(unit: number): number {
  if (unit < 0x80) return asciiKinds[unit]!
  if (otherKinds[unit] === unknownKind) otherKinds[unit] = kindOfOther(unit)
  return otherKinds[unit]!
}

const unspacedScripts =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々]/u

function kindOfOther(unit: number): number {
  if (unit >= 0xdc00 && unit <= 0xdfff) return trail
  if (unit >= 0xd840 && unit <= 0xd888) return unspaced // Han beyond the basic plane
  if (unit >= 0xd800 && unit <= 0xdbff) return symbol
  const character = String.fromCharCode(unit)
  if (/\p{M}|\u200d|\ufe0e|\ufe0f/u.test(character)) return joined
  if (unspacedScripts.test(character)) return unspaced
  if (/\p{Lu}/u.test(character)) return upper
  if (/\p{Ll}/u.test(character)) return lower
  if (/\p{L}/u.test(character)) return letter
  if (/\p{N}/u.test(character)) return digit
  return /[\s\p{C}]/u.test(character) ? space : symbol
}

const isWordKind = (kind: number): boolean => kind >= lower && kind <= digit
const codeOf = (character: string): number => asciiKinds[character.charCodeAt(0)]!
const apostrophes = [codeOf("'")]
const attached = new Set(['@', '#'].map(codeOf))
const separators = new Set([...'/:,;()[]{}"=<>|!?*'].map(codeOf))

/** Pairs of kinds that are always cut between, as `left * 128 + right`, ascending. */
export type LearnedCuts = readonly number[]

/** The pair of kinds on both sides of an offset inside a text. */
export function cutAt(text: string, offset: number): number {
  return unitKind(text.charCodeAt(offset - 1)) * kindCount + unitKind(text.charCodeAt(offset))
}

/** Whether a pair of {@link cutAt} lies inside a word or a number, where a cut would take all words apart. */
export function isInsideWord(cut: number): boolean {
  const [left, right] = [Math.floor(cut / kindCount), cut % kindCount]
  return right === joined || right === trail || (isWordKind(left) && isWordKind(right))
}

/** Cuts texts into tokens; spaces belong to none. */
export interface Tokeniser {
  readonly cuts: LearnedCuts
  /** Fills the buffer with a text's tokens. */
  tokenise(text: string, buffer: TokenBuffer): void
}

/**
 * A tokeniser that cuts at spaces, at punctuation around words, around each character of scripts without spaces, at
 * `:` `/` and the like outside of numbers and links, and wherever `cuts` says.
 */
export function createTokeniser(cuts: LearnedCuts): Tokeniser {
  const learned = new Uint8Array(kindCount * kindCount)
  for (const cut of cuts) learned[cut] = 1
  return {
    cuts,
    tokenise(text, buffer) {
      buffer.count = 0
      for (let at = 0; at < text.length; ) {
        if (unitKind(text.charCodeAt(at)) === space) {
          at++
          continue
        }
        let end = at + 1
        while (end < text.length && unitKind(text.charCodeAt(end)) !== space) end++
        cutChunk(text, at, end, learned, buffer)
        at = end
      }
    },
  }
}

/** Cuts what stands between two spaces. */
function cutChunk(text: string, start: number, end: number, learned: Uint8Array, buffer: TokenBuffer): void {
  reserve(buffer, end - start)
  let [coreStart, coreEnd] = [start, end]
  while (coreStart < end && isPunctuation(unitKind(text.charCodeAt(coreStart)))) coreStart++
  while (coreEnd > coreStart && isPunctuation(unitKind(text.charCodeAt(coreEnd - 1)))) coreEnd--
  const isLink = hasLink(text, coreStart, coreEnd)
  let from = start
  for (let at = start + 1; at < end; at++) {
    const left = unitKind(text.charCodeAt(at - 1))
    const right = unitKind(text.charCodeAt(at))
    const cut =
      right !== joined &&
      right !== trail &&
      (learned[left * kindCount + right] === 1 ||
        left === unspaced ||
        right === unspaced ||
        left === trail ||
        (at <= coreStart || at >= coreEnd
          ? !(text.charCodeAt(at) === text.charCodeAt(at - 1)) && !(at === coreStart && attached.has(left))
          : !isLink && isInnerCut(left, right, text, at)))
    if (!cut) continue
    push(buffer, from, at)
    from = at
  }
  push(buffer, from, end)
}

const isPunctuation = (kind: number): boolean => kind >= symbol

function hasLink(text: string, start: number, end: number): boolean {
  for (let at = start; at + 2 < end; at++) {
    if (text.charCodeAt(at) === 0x3a && text.startsWith('://', at)) return true
  }
  return false
}

/** Whether to cut between two units inside a word with punctuation in it. */
function isInnerCut(left: number, right: number, text: string, at: number): boolean {
  if (left === symbol || right === symbol) return true
  if (apostrophes.includes(right)) return isWordKind(left)
  if (separators.has(right)) return left !== digit || unitKind(text.charCodeAt(at + 1)) !== digit
  if (separators.has(left)) return right !== digit || unitKind(text.charCodeAt(at - 2)) !== digit
  return false
}

function reserve(buffer: TokenBuffer, more: number): void {
  const needed = buffer.count + more
  if (needed <= buffer.starts.length) return
  const size = Math.max(needed, buffer.starts.length * 2)
  for (const name of ['starts', 'ends'] as const) {
    const larger = new Int32Array(size)
    larger.set(buffer[name])
    buffer[name] = larger
  }
}

function push(buffer: TokenBuffer, start: number, end: number): void {
  buffer.starts[buffer.count] = start
  buffer.ends[buffer.count++] = end
}

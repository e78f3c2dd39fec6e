// What a tagger's sparse part sees of each token: its form, shape, beginning and end, its neighbours, as 32-bit codes.
// By word where words are spaced, by character, with the words around it, where they are not. No string is built.
import { type TokenBuffer, unitKind, unitKinds } from '../../../text/tokens.ts'

/** `words`: tokens are words; `characters`: most tokens are single characters of a script without spaces. */
export const featureModes = ['words', 'characters'] as const
export type FeatureMode = (typeof featureModes)[number]

/** Codes of the last text's tokens: those of token `t` are `codes[starts[t]]` up to `starts[t + 1]`. */
export interface FeatureBuffer {
  codes: Int32Array
  starts: Int32Array
}

/** A buffer that grows with the texts it is used for. */
export function createFeatureBuffer(): FeatureBuffer {
  return { codes: new Int32Array(4096), starts: new Int32Array(256) }
}

const offset = 0x811c9dc5 // FNV-1a's
const prime = 0x01000193
const affixUnits = 4
const mostGrams = 24
const mostCodes = 48 + mostGrams // of one token
const edge = 4 // tokens looked at on each side

/** The last step of MurmurHash3: every bit of the code hangs on every bit of the hash. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** A code of a template and up to three hashes. */
function codeOf(template: number, first: number, second = 0, third = 0): number {
  let hash = Math.imul(template ^ offset, prime)
  hash = Math.imul(hash ^ first, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15) ^ second, 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 13) ^ third, 0xc2b2ae3d)
  return finish(hash)
}

/** Hashes of the tokens of the last text, `edge` empty ones before and after. */
interface TokenHashes {
  form: Int32Array
  shape: Int32Array
  /** Of the word around a character, and of the words before and after that. */
  word: Int32Array
  wordBefore: Int32Array
  wordAfter: Int32Array
  /** 1 for the first character of a word, plus 2 for the last. */
  place: Uint8Array
}

const hashes: TokenHashes = {
  form: new Int32Array(0),
  shape: new Int32Array(0),
  word: new Int32Array(0),
  wordBefore: new Int32Array(0),
  wordAfter: new Int32Array(0),
  place: new Uint8Array(0),
}

/** Fills `buffer` with the features of a text's tokens; `lower` is the text in lower case, unit for unit. */
export function extractTokenFeatures(
  text: string,
  lower: string,
  tokens: TokenBuffer,
  mode: FeatureMode,
  buffer: FeatureBuffer,
): void {
  hashTokens(text, lower, tokens)
  if (mode === 'characters') hashWords(text, tokens)
  reserve(buffer, tokens.count)
  const add = adders[mode]
  let count = 0
  for (let t = 0; t < tokens.count; t++) {
    buffer.starts[t] = count
    count = add(lower, tokens, t, buffer.codes, count)
  }
  buffer.starts[tokens.count] = count
}

function reserve(buffer: FeatureBuffer, count: number): void {
  if (buffer.codes.length < count * mostCodes) buffer.codes = new Int32Array(count * mostCodes * 2)
  if (buffer.starts.length < count + 1) buffer.starts = new Int32Array(count * 2 + 1)
}

function hashTokens(text: string, lower: string, { starts, ends, count }: TokenBuffer): void {
  if (hashes.form.length < count + 2 * edge) {
    const size = 2 * (count + 2 * edge)
    hashes.form = new Int32Array(size)
    hashes.shape = new Int32Array(size)
    hashes.word = new Int32Array(size)
    hashes.wordBefore = new Int32Array(size)
    hashes.wordAfter = new Int32Array(size)
    hashes.place = new Uint8Array(size)
  }
  const { form, shape } = hashes
  form.fill(1, 0, edge)
  shape.fill(1, 0, edge)
  form.fill(2, count + edge, count + 2 * edge)
  shape.fill(2, count + edge, count + 2 * edge)
  for (let t = 0; t < count; t++) {
    let formHash = offset
    let shapeHash = offset
    let before = -1
    let run = 0
    for (let at = starts[t]!; at < ends[t]!; at++) {
      const kind = unitKind(text.charCodeAt(at))
      // Digits are alike: what matters of a number is how long it is.
      formHash = Math.imul(formHash ^ (kind === unitKinds.digit ? 0x30 : lower.charCodeAt(at)), prime)
      run = kind === before ? run + 1 : 0
      if (run < 2) shapeHash = Math.imul(shapeHash ^ (kind + (run << 8)), prime)
      before = kind
    }
    form[t + edge] = finish(formHash)
    shape[t + edge] = finish(shapeHash)
  }
}

let segmenter: Intl.Segmenter | undefined

/** The words that a dictionary finds around characters, those beside them, and each character's place in its word. */
function hashWords(text: string, { starts, count }: TokenBuffer): void {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' })
  const { word, wordBefore, wordAfter, place } = hashes
  let before = 3
  let t = 0
  let firstOfLast = 0
  for (const { segment, index } of segmenter.segment(text)) {
    const end = index + segment.length
    if (t >= count || starts[t]! >= end) continue
    let hash = offset
    for (let at = 0; at < segment.length; at++) hash = Math.imul(hash ^ segment.charCodeAt(at), prime)
    hash = finish(hash)
    wordAfter.fill(hash, firstOfLast + edge, t + edge)
    firstOfLast = t
    while (t < count && starts[t]! < end) {
      word[t + edge] = hash
      wordBefore[t + edge] = before
      place[t + edge] = (t === firstOfLast ? 1 : 0) + (t + 1 >= count || starts[t + 1]! >= end ? 2 : 0)
      t++
    }
    before = hash
  }
  wordAfter.fill(4, firstOfLast + edge, count + edge)
}

type Adder = (lower: string, tokens: TokenBuffer, t: number, codes: Int32Array, count: number) => number

const adders: { readonly [M in FeatureMode]: Adder } = {
  words: addWordFeatures,
  characters: addCharacterFeatures,
}

function addWordFeatures(
  lower: string,
  { starts, ends }: TokenBuffer,
  t: number,
  codes: Int32Array,
  from: number,
): number {
  const { form, shape } = hashes
  const at = t + edge
  const [f0, f1, f2, b1, b2] = [form[at]!, form[at + 1]!, form[at + 2]!, form[at - 1]!, form[at - 2]!]
  const [s0, s1, p1] = [shape[at]!, shape[at + 1]!, shape[at - 1]!]
  let n = from
  codes[n++] = codeOf(1, f0)
  codes[n++] = codeOf(2, b1)
  codes[n++] = codeOf(3, f1)
  codes[n++] = codeOf(4, b2)
  codes[n++] = codeOf(5, f2)
  codes[n++] = codeOf(6, b1, f0)
  codes[n++] = codeOf(7, f0, f1)
  codes[n++] = codeOf(8, s0)
  codes[n++] = codeOf(9, p1)
  codes[n++] = codeOf(10, s1)
  codes[n++] = codeOf(11, p1, s0)
  codes[n++] = codeOf(12, s0, s1)
  codes[n++] = codeOf(13, p1, s0, s1)
  codes[n++] = codeOf(14, b1, s0)
  codes[n++] = codeOf(15, s0, f1)
  codes[n++] = codeOf(16, f0, s0)
  codes[n++] = codeOf(17, b2, b1)
  codes[n++] = codeOf(18, f1, f2)
  codes[n++] = codeOf(19, b1, f1)
  const [start, end] = [starts[t]!, ends[t]!]
  let hash = offset
  for (let i = 0; i < affixUnits && start + i < end; i++) {
    hash = Math.imul(hash ^ lower.charCodeAt(start + i), prime)
    codes[n++] = codeOf(20 + i, hash)
  }
  hash = offset
  for (let i = 0; i < affixUnits && end - 1 - i >= start; i++) {
    hash = Math.imul(hash ^ lower.charCodeAt(end - 1 - i), prime)
    codes[n++] = codeOf(26 + i, hash)
  }
  const last = Math.min(end - 3, start + mostGrams - 1)
  for (let i = start; i <= last; i++) {
    hash = Math.imul(offset ^ lower.charCodeAt(i), prime)
    hash = Math.imul(hash ^ lower.charCodeAt(i + 1), prime)
    hash = Math.imul(hash ^ lower.charCodeAt(i + 2), prime)
    codes[n++] = codeOf(32, hash)
  }
  return n
}

function addCharacterFeatures(
  _lower: string,
  _tokens: TokenBuffer,
  t: number,
  codes: Int32Array,
  from: number,
): number {
  const { form, shape, word, wordBefore, wordAfter } = hashes
  const at = t + edge
  const [f0, f1, f2, b1, b2] = [form[at]!, form[at + 1]!, form[at + 2]!, form[at - 1]!, form[at - 2]!]
  const [s0, s1, p1] = [shape[at]!, shape[at + 1]!, shape[at - 1]!]
  const [w0, wb, wa] = [word[at]!, wordBefore[at]!, wordAfter[at]!]
  const place = hashes.place[at]!
  let n = from
  codes[n++] = codeOf(1, f0)
  codes[n++] = codeOf(2, b1)
  codes[n++] = codeOf(3, f1)
  codes[n++] = codeOf(4, b2)
  codes[n++] = codeOf(5, f2)
  codes[n++] = codeOf(6, b1, f0)
  codes[n++] = codeOf(7, f0, f1)
  codes[n++] = codeOf(8, b2, b1)
  codes[n++] = codeOf(9, f1, f2)
  codes[n++] = codeOf(10, b1, f1)
  codes[n++] = codeOf(11, b2, b1, f0)
  codes[n++] = codeOf(12, b1, f0, f1)
  codes[n++] = codeOf(13, f0, f1, f2)
  codes[n++] = codeOf(14, s0)
  codes[n++] = codeOf(15, p1, s0, s1)
  codes[n++] = codeOf(16, w0, place)
  codes[n++] = codeOf(17, f0, place)
  codes[n++] = codeOf(18, wb, place)
  codes[n++] = codeOf(19, wa, place)
  codes[n++] = codeOf(20, wb, w0, place)
  codes[n++] = codeOf(21, w0, wa, place)
  codes[n++] = codeOf(22, wb, wa, place)
  // Whatever stands near, whichever place it has.
  for (let near = 1; near <= edge; near++) {
    codes[n++] = codeOf(23, form[at - near]!)
    codes[n++] = codeOf(24, form[at + near]!)
  }
  return n
}

// What is known of tokens before the encoder reads them: which words a question and a text share, how rare those are,
// how near a token is to one, and how well its sentence covers the question. With few rows to learn from, an encoder
// that is told so needs not find out by itself (Chen et al., 2017, "Reading Wikipedia to answer open-domain questions").
import { unitKind, unitKinds } from '../../../text/tokens.ts'
import type { ReadContext, ReadQuestion } from './read-context.ts'

/** Kinds of marks, with the number of values each has; 0 is what special tokens and padding have. */
export const markSizes = { match: 8, near: 6, shape: 4, sentence: 7 } as const

export type MarkName = keyof typeof markSizes
export const markNames = Object.keys(markSizes) as readonly MarkName[]

/** Values of each kind, one a token. */
export type Marks = { readonly [Name in MarkName]: Int32Array }

/** Marks of a question's and a context's tokens, and what they were made of. */
export interface MarkedPair {
  readonly question: Marks
  readonly context: Marks
  readonly overlap: WordOverlap
}

/** How far the words of a question are those of a context. */
export interface WordOverlap {
  /** 0..1: rarity of the question's words that the context lacks, of all their rarity. */
  readonly absent: number
  /** Of each sentence, 0..1: rarity of the question's words that it has, of all their rarity. */
  readonly shares: Float64Array
  /** Words of the context that the question has. */
  readonly matched: Uint8Array
}

/** From this rarity on a word is not common, and rare. */
const rarityLevels = [1.5, 3] as const
/** Words up to which a token is near, level by level. */
const nearLevels = [1, 3, 6, 12] as const

/** Marks a pair by the rarity of words. */
export function markPair(question: ReadQuestion, context: ReadContext, rarity: Float32Array): MarkedPair {
  const overlap = wordOverlap(question, context, rarity)
  const known = new Set(context.words.codes)
  const asked = question.words.codes
  const levelOf = (code: number): number => rarityLevels.filter((level) => rarity[code]! >= level).length
  const mark = (tokens: Int32Array, numberOf: (word: number) => number): Int32Array =>
    tokens.map((word) => (word < 0 ? 0 : numberOf(word)))
  const none = new Int32Array(question.wordOf.length)
  return {
    overlap,
    question: {
      match: mark(question.wordOf, (word) => {
        const code = asked[word]!
        if (code < 0) return 0
        return known.has(code) ? 4 : 5 + levelOf(code)
      }),
      ...{ near: none, sentence: none },
      shape: mark(question.wordOf, (word) => shapeOf(question.text, question.words.starts[word]!)),
    },
    context: contextMarks(context, overlap, { rarity, levelOf, mark }),
  }
}

interface Marking {
  readonly rarity: Float32Array
  readonly levelOf: (code: number) => number
  readonly mark: (tokens: Int32Array, numberOf: (word: number) => number) => Int32Array
}

function contextMarks(
  { text, words, wordOf, sentenceOf }: ReadContext,
  { matched, shares }: WordOverlap,
  { rarity, levelOf, mark }: Marking,
): Marks {
  const { codes, starts } = words
  const isRare = codes.map((code, word) => Number(matched[word] === 1 && rarity[code]! >= rarityLevels[0]))
  const distances = distancesTo(isRare)
  const places = sentenceMarks(shares)
  return {
    match: mark(wordOf, (word) => (matched[word] === 1 ? 1 + levelOf(codes[word]!) : 0)),
    near: mark(wordOf, (word) => 1 + nearLevels.filter((most) => distances[word]! > most).length),
    shape: mark(wordOf, (word) => shapeOf(text, starts[word]!)),
    sentence: mark(wordOf, (word) => places[sentenceOf[word]!] ?? 0),
  }
}

/** Of each sentence: whether it is the best, the second or another by its share, and whether that is more than half. */
function sentenceMarks(shares: Float64Array): Int32Array {
  const order = Int32Array.from(shares.keys()).sort((a, b) => shares[b]! - shares[a]! || a - b)
  const marks = new Int32Array(shares.length)
  order.forEach((sentence, place) => {
    marks[sentence] = 1 + Math.min(2, place) + (shares[sentence]! > 0.5 ? 3 : 0)
  })
  return marks
}

function wordOverlap(question: ReadQuestion, context: ReadContext, rarity: Float32Array): WordOverlap {
  const { codes } = context.words
  const asked = new Set(question.words.codes.filter((code) => code >= 0))
  const matched = Uint8Array.from(codes, (code) => Number(asked.has(code)))
  const known = new Set(codes)
  let [whole, absent] = [0, 0]
  for (const code of asked) {
    const own = Math.max(0, rarity[code]!)
    whole += own
    if (!known.has(code)) absent += own
  }
  return {
    absent: whole === 0 ? 0 : absent / whole,
    shares: sentenceShares(context, { asked, rarity, whole }),
    matched,
  }
}

function sentenceShares(
  { words: { codes }, sentenceOf, sentences }: ReadContext,
  { asked, rarity, whole }: { readonly asked: ReadonlySet<number>; rarity: Float32Array; whole: number },
): Float64Array {
  const shares = new Float64Array(sentences.length)
  if (whole === 0) return shares
  let found = new Set<number>()
  codes.forEach((code, word) => {
    const sentence = sentenceOf[word]!
    if (word > 0 && sentenceOf[word - 1] !== sentence) found = new Set()
    if (sentence < 0 || !asked.has(code) || found.has(code)) return
    found.add(code)
    shares[sentence] = shares[sentence]! + Math.max(0, rarity[code]!) / whole
  })
  return shares
}

/** Words to the nearest that is marked with 1. */
function distancesTo(marked: Int32Array): Float64Array {
  const distances = new Float64Array(marked.length).fill(Number.POSITIVE_INFINITY)
  let last = Number.NEGATIVE_INFINITY
  for (let word = 0; word < marked.length; word++) {
    if (marked[word] === 1) last = word
    distances[word] = word - last
  }
  last = Number.POSITIVE_INFINITY
  for (let word = marked.length - 1; word >= 0; word--) {
    if (marked[word] === 1) last = word
    distances[word] = Math.min(distances[word]!, last - word)
  }
  return distances
}

/** 1: lower case or a script without cases, 2: a capital, 3: a digit. */
function shapeOf(text: string, start: number): number {
  const kind = unitKind(text.charCodeAt(start))
  if (kind === unitKinds.digit) return 3
  return kind === unitKinds.upper ? 2 : 1
}

// What is known of tokens before the encoder reads them: which words a question and a text share, how rare those are,
// how near a token is to one, and how well its sentence covers the question. With few rows to learn from, an encoder
// that is told so needs not find out by itself (Chen et al., 2017, "Reading Wikipedia to answer open-domain questions").
import { unitKind, unitKinds } from '../../../text/tokens.ts'
import type { ReadContext, ReadQuestion } from './read-context.ts'
import { sentencePriors } from './sentence-ranker.ts'
import type { WordKnowledge } from './word-knowledge.ts'
import { type WordOverlap, wordOverlap } from './word-overlap.ts'

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
  /** Of each sentence: log-probability of the answer being in it, if it is there at all. */
  readonly priors: Float64Array
}

/** From this rarity on a word is not common, and rare. */
const rarityLevels = [1.5, 3] as const
/** Words up to which a token is near, level by level. */
const nearLevels = [1, 3, 6, 12] as const

/** Marks a pair. */
export function markPair(
  question: ReadQuestion,
  context: ReadContext,
  { rarity, ranker }: WordKnowledge,
): MarkedPair {
  const overlap = wordOverlap(question, context, rarity)
  const priors = sentencePriors(ranker, overlap, context.sentences)
  const known = new Set(context.words.codes)
  const asked = question.words.codes
  const levelOf = (code: number): number => rarityLevels.filter((level) => rarity[code]! >= level).length
  const mark = (tokens: Int32Array, numberOf: (word: number) => number): Int32Array =>
    tokens.map((word) => (word < 0 ? 0 : numberOf(word)))
  const none = new Int32Array(question.wordOf.length)
  return {
    overlap,
    priors,
    question: {
      match: mark(question.wordOf, (word) => {
        const code = asked[word]!
        if (code < 0) return 0
        return known.has(code) ? 4 : 5 + levelOf(code)
      }),
      ...{ near: none, sentence: none },
      shape: mark(question.wordOf, (word) => shapeOf(question.text, question.words.starts[word]!)),
    },
    context: contextMarks(context, overlap, { rarity, priors, levelOf, mark }),
  }
}

interface Marking {
  readonly rarity: Float32Array
  readonly priors: Float64Array
  readonly levelOf: (code: number) => number
  readonly mark: (tokens: Int32Array, numberOf: (word: number) => number) => Int32Array
}

function contextMarks(
  { text, words, wordOf, sentenceOf }: ReadContext,
  { matched }: WordOverlap,
  { rarity, priors, levelOf, mark }: Marking,
): Marks {
  const { codes, starts } = words
  const isRare = codes.map((code, word) => Number(matched[word] === 1 && rarity[code]! >= rarityLevels[0]))
  const distances = distancesTo(isRare)
  const places = sentenceMarks(priors)
  return {
    match: mark(wordOf, (word) => (matched[word] === 1 ? 1 + levelOf(codes[word]!) : 0)),
    near: mark(wordOf, (word) => 1 + nearLevels.filter((most) => distances[word]! > most).length),
    shape: mark(wordOf, (word) => shapeOf(text, starts[word]!)),
    sentence: mark(wordOf, (word) => places[sentenceOf[word]!] ?? 0),
  }
}

/** Of each sentence: whether it is the likeliest, the second or another, and whether that is likelier than not. */
function sentenceMarks(priors: Float64Array): Int32Array {
  const order = Int32Array.from(priors.keys()).sort((a, b) => priors[b]! - priors[a]! || a - b)
  const marks = new Int32Array(priors.length)
  order.forEach((sentence, place) => {
    marks[sentence] = 1 + Math.min(2, place) + (priors[sentence]! > -Math.LN2 ? 3 : 0)
  })
  return marks
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

// How far the words of a question are those of a text, and of each of its sentences, counted by how rare they are.
import type { ReadContext, ReadQuestion } from './read-context.ts'
import { pairCodes } from './read-words.ts'

/** How far the words of a question are those of a context. */
export interface WordOverlap {
  /** 0..1: rarity of the question's words that the context lacks, of all their rarity. */
  readonly absent: number
  /** Of each sentence, 0..1: rarity of the question's words that it has, of all their rarity. */
  readonly shares: Float64Array
  /** Of each sentence, 0..1: share of the question's pairs of neighbouring words that it has. */
  readonly pairs: Float64Array
  /** Words of the context that the question has. */
  readonly matched: Uint8Array
}

/** Compares the words. */
export function wordOverlap(question: ReadQuestion, context: ReadContext, rarity: Float32Array): WordOverlap {
  const { codes } = context.words
  const asked = new Set(question.words.codes.filter((code) => code >= 0))
  const matched = Uint8Array.from(codes, (code) => Number(asked.has(code)))
  const known = new Set(codes)
  const pairs = new Set(pairCodes(question.words.codes).subarray(1))
  let [whole, absent] = [0, 0]
  for (const code of asked) {
    const own = Math.max(0, rarity[code]!)
    whole += own
    if (!known.has(code)) absent += own
  }
  return {
    absent: whole === 0 ? 0 : absent / whole,
    shares: sentenceShares(
      context,
      codes,
      weighed(asked, (code) => rarity[code]!),
    ),
    pairs: sentenceShares(
      context,
      pairCodes(codes),
      weighed(pairs, () => 1),
    ),
    matched,
  }
}

/** Weights of codes, by their share of the sum. */
function weighed(codes: Iterable<number>, weightOf: (code: number) => number): ReadonlyMap<number, number> {
  const weights = new Map([...codes].map((code) => [code, Math.max(0, weightOf(code))] as const))
  const whole = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  return whole === 0 ? new Map() : new Map([...weights].map(([code, weight]) => [code, weight / whole]))
}

/** Of each sentence: the sum of the weights of codes that it has, each counted once. */
function sentenceShares(
  { sentenceOf, sentences }: ReadContext,
  codes: Int32Array,
  weights: ReadonlyMap<number, number>,
): Float64Array {
  const shares = new Float64Array(sentences.length)
  let found = new Set<number>()
  codes.forEach((code, word) => {
    const sentence = sentenceOf[word]!
    if (word > 0 && sentenceOf[word - 1] !== sentence) found = new Set()
    const weight = weights.get(code)
    if (sentence < 0 || weight === undefined || found.has(code)) return
    found.add(code)
    shares[sentence] = shares[sentence]! + weight
  })
  return shares
}

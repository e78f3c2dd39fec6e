/**
 * When two answers to a question say the same, and how much they share: exact match and F1 as SQuAD counts them
 * (Rajpurkar et al., 2016), and for texts without spaces between words as CMRC 2018 does (Cui et al., 2019).
 */
import { unitKind, unitKinds } from '../../text/tokens.ts'
import type { Span, TaskOutput } from '../types.ts'

/** SQuAD takes ASCII's punctuation out, CMRC its own list: all of Unicode's punctuation holds both but these. */
const punctuation = /[\p{P}$+<=>^`|~～]/gu
const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu

/** An answer in lower case without punctuation, English articles and more than one space; as it is where nothing else is left. */
export function normalisedAnswer(text: string): string {
  const lower = text.toLowerCase()
  const bare = lower.replace(punctuation, '').replace(articles, ' ').split(/\s+/).filter(Boolean).join(' ')
  return bare === '' ? lower.trim() : bare
}

/** An answer of a question: a piece of the text, or that it is not there. */
export type QuestionAnswer = Extract<TaskOutput, { kind: 'answer' }>

/** The pieces of text that are right, the first given by most people; none where the answer is not there. */
function rightSpans({ span, others = [] }: QuestionAnswer): readonly Span[] {
  return span === undefined ? [] : [span, ...others]
}

/** True where what is said is, normalised, one of the right answers, or rightly that it is not there. */
export function sameAnswer(said: QuestionAnswer, expected: QuestionAnswer): boolean {
  const right = rightSpans(expected)
  if (said.span === undefined || right.length === 0) return said.span === undefined && right.length === 0
  const text = normalisedAnswer(said.span.text)
  return right.some((span) => normalisedAnswer(span.text) === text)
}

/** 0..1: F1 against the right answer that it is nearest to; with "not there" on either side, whether both say so. */
export function answerF1(said: QuestionAnswer, expected: QuestionAnswer): number {
  const right = rightSpans(expected)
  const { span } = said
  if (span === undefined || right.length === 0) return sameAnswer(said, expected) ? 1 : 0
  return Math.max(...right.map(({ text }) => textF1(span.text, text)))
}

/** 0..1: F1 of the words that two answers share, or of their longest common run of characters where the right one has no spaces. */
export function textF1(said: string, right: string): number {
  const isUnspaced = [...right].some((sign) => unitKind(sign.charCodeAt(0)) === unitKinds.unspaced)
  const [a, b] = isUnspaced ? [signsOf(said), signsOf(right)] : [wordsOf(said), wordsOf(right)]
  const shared = isUnspaced ? longestCommonRun(a, b) : sharedWords(a, b)
  return shared === 0 ? 0 : (2 * shared) / (a.length + b.length)
}

function wordsOf(text: string): readonly string[] {
  return normalisedAnswer(text).split(' ')
}

/** Each character of a script without spaces alone, other words whole. */
function signsOf(text: string): readonly string[] {
  return wordsOf(text).flatMap((word) => {
    const signs: string[] = []
    let other = ''
    for (const sign of word) {
      if (unitKind(sign.charCodeAt(0)) !== unitKinds.unspaced) {
        other += sign
        continue
      }
      if (other !== '') signs.push(other)
      other = ''
      signs.push(sign)
    }
    return other === '' ? signs : [...signs, other]
  })
}

function sharedWords(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const word of b) counts.set(word, (counts.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of a) {
    const left = counts.get(word) ?? 0
    if (left === 0) continue
    shared++
    counts.set(word, left - 1)
  }
  return shared
}

function longestCommonRun(a: readonly string[], b: readonly string[]): number {
  let above = new Int32Array(b.length + 1)
  let longest = 0
  for (const sign of a) {
    const row = new Int32Array(b.length + 1)
    for (let at = 0; at < b.length; at++) {
      if (b[at] !== sign) continue
      row[at + 1] = above[at]! + 1
      longest = Math.max(longest, row[at + 1]!)
    }
    above = row
  }
  return longest
}

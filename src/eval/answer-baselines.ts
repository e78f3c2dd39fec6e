/**
 * The plain baselines of question answering: always "not there", and the sentence that shares most with the question,
 * each word weighed by how rare it is among the sentences of its own context.
 */

import type { Span, TaskInput, TaskOutput } from '../task/types.ts'
import { unitKind, unitKinds } from '../text/tokens.ts'
import type { AnswerBaseline } from './baseline.ts'

/** Says of everything that it is not there. */
const notThereBaseline: AnswerBaseline = Object.freeze({
  name: 'not-there',
  answer: (): TaskOutput => ({ kind: 'answer' }),
})

/** Answers with the most similar sentence, whole. */
const sentenceBaseline: AnswerBaseline = Object.freeze({
  name: 'lexical-sentence',
  answer: (input: Extract<TaskInput, { kind: 'question' }>): TaskOutput => {
    const span = nearestSentence(input)
    return span === undefined ? { kind: 'answer' } : { kind: 'answer', span }
  },
})

/** Both, none of which learns anything. */
export const answerBaselines: readonly AnswerBaseline[] = Object.freeze([notThereBaseline, sentenceBaseline])

/** The sentence of the context that shares most with the question; `undefined` where the context has none. */
export function nearestSentence({
  question,
  context,
}: Extract<TaskInput, { kind: 'question' }>): Span | undefined {
  const sentences = sentencesOf(context)
  const terms = sentences.map(({ text }) => new Set(termsOf(text)))
  const within = new Map<string, number>()
  for (const some of terms) for (const term of some) within.set(term, (within.get(term) ?? 0) + 1)
  const asked = [...new Set(termsOf(question))].filter((term) => within.has(term))
  let best: { readonly span: Span; readonly score: number } | undefined
  for (const [at, span] of sentences.entries()) {
    const shared = asked.filter((term) => terms[at]!.has(term))
    const score = shared.reduce((sum, term) => sum + Math.log(1 + sentences.length / within.get(term)!), 0)
    if (best === undefined || score > best.score) best = { span, score }
  }
  return best?.span
}

/** Pieces that end at a full stop, question or exclamation mark before a space, at one of CJK, or at a line break. */
const sentence = /[^\s。！？\n](?:[^。！？\n]*?(?:[.!?]+["'”’)\]]*(?=\s)|[。！？]+[”’」』]*)|[^。！？\n]*)/gu

function sentencesOf(context: string): readonly Span[] {
  return [...context.matchAll(sentence)].map((match) => {
    const text = match[0].trimEnd()
    return { start: match.index, end: match.index + text.length, text }
  })
}

/** Words in lower case, and pairs of characters of scripts without spaces. */
function termsOf(text: string): readonly string[] {
  const terms: string[] = []
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    if (unitKind(word.charCodeAt(0)) !== unitKinds.unspaced) terms.push(word)
    else for (let at = 0; at < Math.max(1, word.length - 1); at++) terms.push(word.slice(at, at + 2))
  }
  return terms
}

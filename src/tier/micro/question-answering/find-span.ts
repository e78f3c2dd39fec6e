// The best answer that a reader sees in the windows of a text, with the signs that say how far to trust it.
import type { Span } from '../../../task/types.ts'
import { cutAt, isInsideWord } from '../../../text/tokens.ts'
import type { ReadPair } from './question-rows.ts'
import type { WindowScores } from './reader-session.ts'

/** Signs of an answer being there, and of the best one being right; each grows with how sure the reader is. */
export interface AnswerSigns {
  /** Logit of the window's presence. */
  readonly presence: number
  /** Log-probability of the places, given that the window holds the answer. */
  readonly places: number
  /** How far that is above the next answer that shares nothing with it. */
  readonly lead: number
}

export interface FoundSpan {
  readonly span: Span
  readonly signs: AnswerSigns
  /** Number of the window that it was found in, among those of the pair. */
  readonly window: number
}

interface Candidate {
  readonly window: number
  readonly from: number
  readonly to: number
  readonly places: number
}

export interface FindOptions {
  /** Tokens of an answer at most. */
  readonly answerTokens: number
  /** Weight of the sentence's log-probability, beside what the reader says. */
  readonly sentenceWeight: number
}

/** The best span over all windows of a pair; `undefined` where there is no token of a text. */
export function findSpan(
  pair: ReadPair,
  scores: readonly WindowScores[],
  { answerTokens, sentenceWeight }: FindOptions,
): FoundSpan | undefined {
  const { priors } = pair.marked
  const sentences = tokenSentences(pair)
  const places = scores.map(({ begin, end }, window) => {
    const { from } = pair.windows[window]!
    const weighed = logSoftmax(begin).map(
      (place, at) => place + sentenceWeight * (priors[sentences[from + at]!] ?? 0),
    )
    return wholeWords(pair, window, [weighed, logSoftmax(end)])
  })
  const total = (candidate: Candidate): number =>
    candidate.places + logSigmoid(scores[candidate.window]!.presence)
  const bests = places.flatMap(([begin, end], window) => bestOf(begin, end, { window, answerTokens }) ?? [])
  const best = bests.toSorted((a, b) => total(b) - total(a) || a.window - b.window)[0]
  if (!best) return undefined
  const [begin, end] = places[best.window]!
  const second = bestOf(begin, end, { window: best.window, answerTokens, without: best })
  const span = spanOf(pair, best)
  if (!span) return undefined
  const sentence = priors[sentenceAt(pair, span.start)] ?? 0
  return {
    span,
    window: best.window,
    signs: {
      presence: scores[best.window]!.presence,
      places: best.places - sentenceWeight * sentence,
      lead: Math.min(mostLead, best.places - (second?.places ?? Number.NEGATIVE_INFINITY)),
    },
  }
}

const mostLead = 10

/** The best pair of places in one window, in order and not too far apart. */
function bestOf(
  begin: Float64Array,
  end: Float64Array,
  options: { readonly window: number; readonly answerTokens: number; readonly without?: Candidate },
): Candidate | undefined {
  const { window, answerTokens, without } = options
  let best: Candidate | undefined
  for (let from = 0; from < begin.length; from++) {
    const last = Math.min(begin.length, from + answerTokens)
    for (let at = from; at < last; at++) {
      if (without && at >= without.from && from < without.to) break
      const places = begin[from]! + end[at]!
      if (places > (best?.places ?? Number.NEGATIVE_INFINITY)) best = { window, from, to: at + 1, places }
    }
  }
  return best
}

/** No answer begins or ends inside a word. */
function wholeWords(
  { context: { text, tokens }, windows }: ReadPair,
  window: number,
  [begin, end]: readonly [Float64Array, Float64Array],
): readonly [Float64Array, Float64Array] {
  const { from } = windows[window]!
  const isCut = (offset: number): boolean =>
    offset > 0 && offset < text.length && isInsideWord(cutAt(text, offset))
  const allowed = (place: number, offset: number): number =>
    isCut(offset) ? Number.NEGATIVE_INFINITY : place
  return [
    begin.map((place, at) => allowed(place, tokens.starts[from + at]!)),
    end.map((place, at) => allowed(place, tokens.ends[from + at]!)),
  ]
}

/** The quote; space that a token begins or ends with does not belong to it. */
function spanOf({ context, windows }: ReadPair, { window, from, to }: Candidate): Span | undefined {
  const first = windows[window]!.from + from
  let [start, end] = [context.tokens.starts[first]!, 0]
  for (let at = first; at < windows[window]!.from + to; at++) end = Math.max(end, context.tokens.ends[at]!)
  while (start < end && /\s/u.test(context.text[start]!)) start++
  while (end > start && /\s/u.test(context.text[end - 1]!)) end--
  return start < end ? { start, end, text: context.text.slice(start, end) } : undefined
}

/** Of each token: its sentence, or −1. */
function tokenSentences({ context: { wordOf, sentenceOf } }: ReadPair): Int32Array {
  return wordOf.map((word) => (word < 0 ? -1 : sentenceOf[word]!))
}

function sentenceAt({ context: { sentences } }: ReadPair, place: number): number {
  return sentences.findIndex(({ start, end }) => start <= place && place < end)
}

function logSoftmax(logits: Float32Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY
  for (const logit of logits) most = Math.max(most, logit)
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - most)
  const whole = most + Math.log(sum)
  return Float64Array.from(logits, (logit) => logit - whole)
}

function logSigmoid(x: number): number {
  return Math.min(0, x) - Math.log1p(Math.exp(-Math.abs(x)))
}

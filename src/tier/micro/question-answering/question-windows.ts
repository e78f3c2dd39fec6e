// A question with each part of a text that an encoder reads at once: `[CLS] question [SEP] part [SEP]`, parts overlapping.
// Of a long text only the likeliest parts are read, so that its length does not decide the time.

import type { TemplatePart, Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { type Window, windows } from '../../../text/tokenizer/windows.ts'
import type { ReadContext, ReadQuestion } from './read-context.ts'
import type { MarkedPair, MarkName, Marks } from './token-marks.ts'

/** What an encoder reads of a question and a context at once. */
export interface QuestionWindow {
  readonly ids: Int32Array
  /** Segment of each token. */
  readonly types: Int32Array
  readonly marks: Marks
  /** Token `place + i` is token `from + i` of the context, up to `to`: where an answer may be. */
  readonly place: number
  readonly from: number
  readonly to: number
  /** 0..1: how likely the likeliest of its sentences is to hold the answer. */
  readonly share: number
}

/** 1 where a token of a window is one of the context, else 0. */
export function candidatesOf({ ids, place, from, to }: QuestionWindow): Int32Array {
  return new Int32Array(ids.length).fill(1, place, place + to - from)
}

export interface WindowLimits {
  /** Tokens of a window at most, special ones among them. */
  readonly tokens: number
  /** Tokens of the question at most. */
  readonly questionTokens: number
  /** Windows of a context at most. */
  readonly most: number
}

/** Share of a window's context after which the next begins. */
const strideShare = 0.6
/** Tokens that an overlap has at most: an answer that is longer may be cut. */
const mostOverlap = 48

/** The windows of a pair, in the order of the text; none of a text without tokens. */
export function questionWindows(
  { template }: Tokenizer,
  { question, context, marked }: { question: ReadQuestion; context: ReadContext; marked: MarkedPair },
  limits: WindowLimits,
): readonly QuestionWindow[] {
  const length = context.tokens.ids.length
  if (length === 0) return []
  const asked = Math.min(question.tokens.ids.length, limits.questionTokens)
  const specials = template.pair.filter(({ kind }) => kind === 'special').length
  const size = Math.max(1, limits.tokens - asked - specials)
  const stride = Math.max(1, Math.floor(strideShare * size), size - mostOverlap)
  const shares = shareReader(context, marked.priors)
  const cut = windows(length, { size, stride }).map((window) => ({ ...window, share: shares(window) }))
  const best = [...cut.keys()].sort((a, b) => cut[b]!.share - cut[a]!.share || a - b).slice(0, limits.most)
  return best
    .sort((a, b) => a - b)
    .map((at) => framed(template.pair, { question, context, marked, asked }, cut[at]!))
}

function shareReader({ wordOf, sentenceOf }: ReadContext, priors: Float64Array): (window: Window) => number {
  return ({ from, to }) => {
    let best = 0
    for (let token = from; token < to; token++) {
      const word = wordOf[token]!
      const sentence = word < 0 ? -1 : sentenceOf[word]!
      if (sentence >= 0) best = Math.max(best, Math.exp(priors[sentence]!))
    }
    return best
  }
}

interface FramedParts {
  readonly question: ReadQuestion
  readonly context: ReadContext
  readonly marked: MarkedPair
  /** Tokens of the question that are read. */
  readonly asked: number
}

function framed(
  template: readonly TemplatePart[],
  { question, context, marked, asked }: FramedParts,
  { from, to, share }: Window & { readonly share: number },
): QuestionWindow {
  const put = (part: TemplatePart, of: (part: 0 | 1) => Int32Array, special: number): readonly number[] => {
    if (part.kind === 'special') return [special]
    return [...(part.part === 0 ? of(0).subarray(0, asked) : of(1).subarray(from, to))]
  }
  const values = (of: (part: 0 | 1) => Int32Array, special: (part: TemplatePart) => number): Int32Array =>
    Int32Array.from(template.flatMap((part) => put(part, of, special(part))))
  const ids = [question.tokens.ids, context.tokens.ids]
  const marks = (name: MarkName) =>
    values(
      (part) => (part === 0 ? marked.question[name] : marked.context[name]),
      () => 0,
    )
  return {
    ids: values(
      (part) => ids[part]!,
      (part) => (part.kind === 'special' ? part.id : 0),
    ),
    types: Int32Array.from(
      template.flatMap((part) =>
        new Array<number>(part.kind === 'special' ? 1 : part.part === 0 ? asked : to - from).fill(
          part.typeId,
        ),
      ),
    ),
    marks: { match: marks('match'), near: marks('near'), shape: marks('shape'), sentence: marks('sentence') },
    place: placeOfContext(template, asked),
    ...{ from, to, share },
  }
}

function placeOfContext(template: readonly TemplatePart[], asked: number): number {
  let place = 0
  for (const part of template) {
    if (part.kind === 'special') place++
    else if (part.part === 1) return place
    else place += asked
  }
  return place
}

// Rows of a task as a reader learns from them: windows of the text, with the places in each where the answer is.
import type { ExampleId } from '../../../base/ids.ts'
import type { Example } from '../../../data/example.ts'
import type { QuestionAnswer } from '../../../task/question-answering/answer-text.ts'
import type { Span } from '../../../task/types.ts'
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { type QuestionWindow, questionWindows, type WindowLimits } from './question-windows.ts'
import type { QuestionReader, ReadContext, ReadQuestion } from './read-context.ts'
import { type MarkedPair, markPair } from './token-marks.ts'

/** A question about a context, read. */
export interface ReadPair {
  readonly question: ReadQuestion
  readonly context: ReadContext
  readonly marked: MarkedPair
  readonly windows: readonly QuestionWindow[]
}

/** What pairs are read with. */
export interface PairReading {
  readonly tokenizer: Tokenizer
  readonly reader: QuestionReader
  readonly rarity: Float32Array
  readonly limits: WindowLimits
}

/** Reads a pair of texts. */
export function readPair(
  { question: asked, context: text }: { readonly question: string; readonly context: string },
  { tokenizer, reader, rarity, limits }: PairReading,
): ReadPair {
  const [question, context] = [reader.question(asked), reader.context(text)]
  const marked = markPair(question, context, rarity)
  return {
    question,
    context,
    marked,
    windows: questionWindows(tokenizer, { question, context, marked }, limits),
  }
}

export interface QuestionRow {
  readonly example: ExampleId
  readonly pair: ReadPair
  readonly answer: QuestionAnswer
  readonly weight: number
}

/** An example as a row. */
export function questionRow({ id, input, output, weight }: Example, reading: PairReading): QuestionRow {
  const { question, context } = input.kind === 'question' ? input : { question: '', context: '' }
  const answer: QuestionAnswer = output.kind === 'answer' ? output : { kind: 'answer' }
  return { example: id, pair: readPair({ question, context }, reading), answer, weight }
}

/** A window to learn from: how likely each token is to begin and to end the answer; all 0 where none does. */
export interface LearntWindow {
  readonly window: QuestionWindow
  readonly begins: Float32Array
  readonly ends: Float32Array
  readonly answered: boolean
  readonly weight: number
}

/** The windows of a row that hold an answer, and those without that look most as if they did. */
export function learntWindows(
  { pair: { windows, context }, answer: { span, others = [] }, weight }: QuestionRow,
  decoys: number,
): readonly LearntWindow[] {
  const spans = (span === undefined ? [] : [span, ...others]).map((one) => tokensOf(one, context))
  const learnt = windows.map((window) => learntWindow(window, spans, weight))
  const answered = learnt.filter((window) => window.answered)
  const others_ = learnt
    .filter((window) => !window.answered && !cutsThrough(window.window, spans))
    .sort((a, b) => b.window.share - a.window.share)
    .slice(0, decoys)
  return [...answered, ...others_]
}

/** Tokens of the context that a span is made of, `to` exclusive; empty where the tokenizer reads nothing of it. */
interface TokenSpan {
  readonly from: number
  readonly to: number
}

function tokensOf({ start, end }: Span, { tokens: { starts, ends } }: ReadContext): TokenSpan {
  let from = 0
  while (from < starts.length && ends[from]! <= start) from++
  let to = from
  while (to < starts.length && starts[to]! < end) to++
  return { from, to }
}

function learntWindow(window: QuestionWindow, spans: readonly TokenSpan[], weight: number): LearntWindow {
  const [begins, ends] = [new Float32Array(window.ids.length), new Float32Array(window.ids.length)]
  const inside = spans.filter(({ from, to }) => from >= window.from && to <= window.to && from < to)
  for (const { from, to } of inside) {
    begins[window.place + from - window.from]! += 1 / inside.length
    ends[window.place + to - 1 - window.from]! += 1 / inside.length
  }
  return { window, begins, ends, answered: inside.length > 0, weight }
}

/** True where a window shows part of an answer: neither there nor not there. */
function cutsThrough({ from, to }: QuestionWindow, spans: readonly TokenSpan[]): boolean {
  return spans.some((span) => span.from < to && span.to > from)
}

// Which windows of rows are learnt from, with the places in each where the answer is.
import type { Span } from '../../../task/types.ts'
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import type { QuestionRow } from './question-rows.ts'
import { type QuestionWindow, questionWindows, type WindowLimits } from './question-windows.ts'
import type { ReadContext } from './read-context.ts'

/** A window to learn from: how likely each token is to begin and to end the answer; all 0 where none does. */
export interface LearntWindow {
  readonly window: QuestionWindow
  readonly begins: Float32Array
  readonly ends: Float32Array
  readonly answered: boolean
  readonly weight: number
}

/** A row as it is learnt from. */
export interface LearntRow {
  /** Where the answer is most in the middle. */
  readonly answered?: LearntWindow
  /** Without the answer, but most like one with it. */
  readonly decoy?: LearntWindow
}

/** The windows of a row that are worth learning from; its pair is read in windows of the length for that. */
export function learntRow({ pair: { windows, context }, answer, weight }: QuestionRow): LearntRow {
  const { span, others = [] } = answer
  const spans = (span === undefined ? [] : [span, ...others]).map((one) => tokensOf(one, context))
  const [first] = spans
  const offCentre = ({ window: { from, to } }: LearntWindow): number =>
    first ? Math.abs(from + to - first.from - first.to) : 0
  const learnt = windows.map((window) => learntWindow(window, spans, weight))
  const answered = learnt.filter((window) => window.answered).sort((a, b) => offCentre(a) - offCentre(b))[0]
  const decoy = learnt
    .filter((window) => !window.answered && !cutsThrough(window.window, spans))
    .sort((a, b) => b.window.share - a.window.share)[0]
  return { ...(answered && { answered }), ...(decoy && { decoy }) }
}

/** What windows are made with. */
interface LearningOptions {
  readonly tokenizer: Tokenizer
  readonly limits: WindowLimits
  /** Share of the rows with an answer whose decoy is learnt from. */
  readonly decoys: number
}

/** The windows of all rows that are worth learning from; decoys of rows without an answer always are. */
export function learntWindows(
  rows: readonly QuestionRow[],
  { tokenizer, limits, decoys }: LearningOptions,
): readonly LearntWindow[] {
  let due = 0
  return rows.flatMap((row) => {
    if (row.weight <= 0) return []
    const { answered, decoy } = learntRow({
      ...row,
      pair: { ...row.pair, windows: questionWindows(tokenizer, row.pair, limits) },
    })
    const isThere = row.answer.span !== undefined
    due += isThere ? decoys : 0
    const takesDecoy = decoy !== undefined && (!isThere || due >= 1)
    if (takesDecoy && isThere) due--
    return [...(answered ? [answered] : []), ...(takesDecoy ? [decoy] : [])]
  })
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

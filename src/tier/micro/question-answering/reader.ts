// The graph of a reader: an encoder over a question and a text, told of both by marks, that scores of each token whether
// the answer begins and ends there (Devlin et al., 2018), and of the window whether it holds an answer.
import {
  add,
  cast,
  concat,
  gather,
  input,
  matmul,
  parameter,
  reshape,
  scalar,
  scale,
  slice,
  softmax,
  stopGradient,
  sub,
} from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import { type EncoderForm, type EncoderGraph, encoderGraph } from '../../../model/encoder/encoder.ts'
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import { headLogits, type LinearHead } from '../../../model/encoder/heads.ts'
import { firstToken } from '../../../model/encoder/pooling.ts'
import { type MarkName, markNames, markSizes } from './token-marks.ts'

/** Input that is 1 for tokens of the context, int32 [B, T]: only there may an answer be. */
export const candidatesInput = 'candidates'

/** Input of a kind of marks, int32 [B, T]. */
export const markInput = (name: MarkName): string => `marks.${name}`
const markTable = (name: MarkName): string => `${markInput(name)}.table`

const spanHead = ({ hidden }: EncoderConfig): LinearHead => ({ name: 'span', from: hidden, to: 2 })
/** Of the first token, and of the tokens where the answer seems to begin and to end. */
const presenceHead = ({ hidden }: EncoderConfig): LinearHead => ({
  name: 'presence',
  from: 3 * hidden,
  to: 1,
})

/** Names and shapes of what a reader has beside the tensors of its base. */
export function readerTensors(config: EncoderConfig): readonly { name: string; shape: readonly number[] }[] {
  const tables = markNames.map((name) => ({
    name: markTable(name),
    shape: [markSizes[name], config.hidden],
  }))
  const heads = [spanHead(config), presenceHead(config)].flatMap(({ name, from, to }) => [
    { name: `${name}.weight`, shape: [to, from] },
    { name: `${name}.bias`, shape: [to] },
  ])
  return [...heads, ...tables]
}

export interface ReaderGraph extends EncoderGraph {
  /** Scores of the places where an answer may begin and end, [B, T] each; far below 0 outside of the context. */
  readonly begin: Value
  readonly end: Value
  /** Logit of there being an answer, [B, 1]. */
  readonly presence: Value
}

/** The graph; `form` says what the encoder is for. */
export function readerGraph(config: EncoderConfig, form: EncoderForm = {}): ReaderGraph {
  const tables = markNames.map((name) => {
    const table = parameter(markTable(name), [markSizes[name], config.hidden])
    return gather(table, input(markInput(name), ['batch', 'time'], 'int32'))
  })
  const added = tables.reduce((sum, next) => add(sum, next))
  const graph = encoderGraph(config, { ...form, pairs: config.types > 1, added })
  const dropped = form.dropout?.hidden(graph.hidden, 'head') ?? graph.hidden
  const spans = headLogits(dropped, spanHead(config))
  const candidates = cast(input(candidatesInput, ['batch', 'time'], 'int32'), 'float32')
  const elsewhere = scale(sub(scalar(1), candidates), -10_000)
  const column = (at: number): Value =>
    add(reshape(slice(spans, { axis: 2, start: at, end: at + 1 }), ['batch', 'time']), elsewhere)
  const [begin, end] = [column(0), column(1)]
  const seen = [firstToken(graph), lookedAt(graph, begin), lookedAt(graph, end)]
  return { ...graph, begin, end, presence: headLogits(concat(seen, 1), presenceHead(config)) }
}

/** Hidden states [B, H] of where an answer seems to be; whether there is one does not move that place. */
function lookedAt({ hidden }: EncoderGraph, places: Value): Value {
  const [batch, time, width] = hidden.shape
  const shares = reshape(softmax(stopGradient(places)), [batch!, 1, time!])
  return reshape(matmul(shares, hidden), [batch!, width!])
}

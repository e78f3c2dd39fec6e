// One vector a text out of its hidden states.
import { div, maximum, mul, reciprocal, reduceSum, reshape, scalar, slice, sqrt } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderGraph } from './encoder.ts'
import type { Pooling } from './pooling-config.ts'

/** float32 [B, H]: as sentence-transformers pools them. */
export function pooled(graph: EncoderGraph, { mode, normalize }: Pooling): Value {
  const vector = mode === 'mean' ? meanOfTokens(graph) : firstToken(graph)
  return normalize ? unitLength(vector) : vector
}

/** float32 [B, H]: the hidden states of the first token. */
export function firstToken({ hidden }: EncoderGraph): Value {
  const [batch, , width] = hidden.shape
  return reshape(slice(hidden, { axis: 1, start: 0, end: 1 }), [batch!, width!])
}

function meanOfTokens({ hidden, mask }: EncoderGraph): Value {
  const [batch, time] = mask.shape
  const sum = reduceSum(mul(hidden, reshape(mask, [batch!, time!, 1])), [1])
  return div(sum, maximum(reduceSum(mask, [1], { keep: true }), scalar(1e-9)))
}

function unitLength(vector: Value): Value {
  const length = sqrt(reduceSum(mul(vector, vector), [-1], { keep: true }))
  return mul(vector, reciprocal(maximum(length, scalar(1e-12))))
}

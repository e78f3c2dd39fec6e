// Calibration for products in 8 bits: what goes into the linear layers of an encoder while it reads usual texts.
import { orderedNodes } from '../../graph/gradients.ts'
import { negate, reduceMax } from '../../graph/ops.ts'
import type { Node, Value } from '../../graph/value.ts'
import { type InputRanges, rangeOf, weightNames } from '../../onnx/input-ranges.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { floatsOf } from '../../runtime/tensor.ts'
import type { TensorSource } from '../weights/tensor-source.ts'
import {
  type EncodedBatch,
  type EncodeOptions,
  type OpenSessionOptions,
  openEncoderSession,
} from './encoder-session.ts'

/** No padding, which would count as tokens. */
const limits = { rows: 32, tokens: 4096, step: 1 }

/** Framed texts, with what else is fed of their tokens. */
export interface FedTexts extends Pick<EncodeOptions, 'also'> {
  readonly texts: readonly Int32Array[]
}

/** Ranges of the linear layers over hidden states that `outputs` are made of; heads have none. */
export async function inputRanges(
  outputs: { readonly [name: string]: Value },
  tensors: TensorSource,
  runtime: Runtime,
  { texts, also = {}, ...options }: OpenSessionOptions & FedTexts,
): Promise<InputRanges> {
  const watched = watchedInputs(Object.values(outputs))
  const most = Object.fromEntries(watched.flatMap(({ names: [name], x }) => extremes(name, x)))
  const session = await openEncoderSession(most, tensors, runtime, { ...options, precision: 'float32' })
  const found = new Map<string, Float32Array>()
  try {
    const { signal } = options
    await session.run(texts, (batch) => takeLargest(batch, found), {
      ...{ limits, also },
      ...(signal && { signal }),
    })
  } finally {
    await session.release()
  }
  return Object.fromEntries(
    watched.flatMap(({ names: [first, ...others] }) => {
      const least = found.get(leastOf(first))!.map((low) => -low)
      const range = rangeOf(least, found.get(first)!)
      return [first, ...others].map((name) => [name, range] as const)
    }),
  )
}

/** An input [B, T, width] of a linear layer, and the names that its weight is joined from. */
interface WatchedInput {
  readonly names: readonly [first: string, ...others: string[]]
  readonly x: Value
}

function watchedInputs(values: readonly Value[]): readonly WatchedInput[] {
  return orderedNodes(values).flatMap((node: Node) => {
    const [first, ...others] = (node.op.kind === 'linear' && weightNames(node.inputs[1]!)) || []
    const x = node.inputs[0]
    return first !== undefined && x?.shape.length === 3 ? [{ names: [first, ...others] as const, x }] : []
  })
}

const leastOf = (name: string): string => `${name} least`

function extremes(name: string, x: Value): readonly (readonly [string, Value])[] {
  return [
    [name, reduceMax(x, [0, 1])],
    [leastOf(name), reduceMax(negate(x), [0, 1])],
  ]
}

function takeLargest({ outputs }: EncodedBatch, found: Map<string, Float32Array>): void {
  for (const [name, output] of Object.entries(outputs)) {
    const values = floatsOf(output, name)
    const known = found.get(name)
    found.set(name, known ? known.map((most, unit) => Math.max(most, values[unit]!)) : values)
  }
}

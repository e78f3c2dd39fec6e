// The layers of a specialist that was just trained, in the forms in which they could be served: what its vectors are in
// each, so that heads and novelty are judged by the numbers that callers will get.
import type { Value } from '../../../graph/value.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { encoderGraph } from '../../../model/encoder/encoder.ts'
import { copyVectors, openEncoderSession } from '../../../model/encoder/encoder-session.ts'
import { type FedTexts, inputRanges } from '../../../model/encoder/input-ranges.ts'
import { type LoraForm, loraAdapter } from '../../../model/encoder/lora.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { Runtime } from '../../../runtime/runtime.ts'

export interface LayerFormOptions {
  readonly base: BaseModel
  /** The base's tensors with the trained ones over them. */
  readonly tensors: TensorSource
  /** The adapter that is among the tensors. */
  readonly adapter?: LoraForm
  readonly runtime: Runtime
  readonly threads: number
  readonly signal?: AbortSignal
}

/** Vectors [texts, hidden size] of framed texts by layers of this precision. */
export async function vectorsOf(
  texts: readonly Int32Array[],
  precision: WeightPrecision,
  { base: { name, config, pooling }, tensors, adapter: form, runtime, threads, signal }: LayerFormOptions,
): Promise<Float32Array> {
  const adapter = form && loraAdapter(config, form, { as: 'parameters' })
  const graph = encoderGraph(config, { joined: true, ...(adapter && { adapter }) })
  const outputs = { vector: pooled(graph, pooling) }
  const session = await openEncoderSession(outputs, tensors, runtime, {
    ...{ name, padId: config.padId, threads, spinning: true, precision },
    ...(signal && { signal }),
  })
  try {
    const vectors = new Float32Array(texts.length * config.hidden)
    await session.run(texts, (batch) => copyVectors(batch, 'vector', vectors), signal && { signal })
    return vectors
  } finally {
    await session.release()
  }
}

/** 8 bits, with the ranges that the inputs of layers have in these texts of training. */
export function eightBits(
  texts: readonly Int32Array[],
  about: Omit<LayerFormOptions, 'adapter'>,
): Promise<WeightPrecision> {
  return eightBitsOf(encoderGraph(about.base.config, { joined: true }).hidden, { texts }, about)
}

/** The same of the layers that `hidden` is made of. */
export async function eightBitsOf(
  hidden: Value,
  fed: FedTexts,
  { base: { name, config }, tensors, runtime, threads, signal }: Omit<LayerFormOptions, 'adapter'>,
): Promise<WeightPrecision> {
  const ranges = await inputRanges({ hidden }, tensors, runtime, {
    ...{ name, padId: config.padId, threads, spinning: true },
    ...fed,
    ...(signal && { signal }),
  })
  return { kind: 'int8', ranges }
}

/** Runs a lowered graph by ONNX Runtime in this process, for tests; runtime/ does it for everyone else. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Reference } from '../graph/reference.contract.ts'
import type { DType } from '../graph/value.ts'

/** A tensor fed to a model. */
export interface Fed extends Reference {
  readonly dtype: DType
}

/** Outputs of one run of a model by name. */
export type Outputs = { readonly [name: string]: Float32Array }

/** A loaded model; `run` may be called often, `release` once. */
export interface LoadedModel {
  run(feeds: { readonly [name: string]: Fed }): Promise<Outputs>
  release(): Promise<void>
}

/** Loads a model with two threads, as Shoal trains. */
export async function loadModel(bytes: Uint8Array): Promise<LoadedModel> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 2, logSeverityLevel: 3 })
  return {
    run: async (feeds) => {
      const tensors = Object.entries(feeds).map(([name, fed]) => [name, tensorOf(fed)] as const)
      const outputs = await session.run(Object.fromEntries(tensors))
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [
          name,
          Float32Array.from(data as Iterable<number>),
        ]),
      )
    },
    release: () => session.release(),
  }
}

/** Loads, runs once and releases. */
export async function runOnce(bytes: Uint8Array, feeds: { readonly [name: string]: Fed }): Promise<Outputs> {
  const model = await loadModel(bytes)
  try {
    return await model.run(feeds)
  } finally {
    await model.release()
  }
}

function tensorOf({ dtype, data, shape }: Fed): Tensor {
  if (dtype === 'int32') return new Tensor('int32', Int32Array.from(data), shape)
  if (dtype === 'bool') return new Tensor('bool', data.map(Boolean), shape)
  return new Tensor('float32', Float32Array.from(data), shape)
}

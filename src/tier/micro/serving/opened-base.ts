// A base while something is loaded on it: what is known of it, and the sessions of its own layers that all who stand on
// it have in common.
import { sha256 } from '../../../base/hash.ts'
import type { Value } from '../../../graph/value.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { encoderGraph, encoderInputs, wordRows } from '../../../model/encoder/encoder.ts'
import { loadEncoder } from '../../../model/encoder/encoder-session.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { Runtime, Session } from '../../../runtime/runtime.ts'
import { type FedAdapter, withAdapter } from './adapters.ts'
import type { HeldSession, SharedSessions } from './shared-sessions.ts'

/** What is known of a base without its tensors. */
export type BaseFacts = Omit<BaseModel, 'tensors'>

/** A base while something is loaded on it; its tensors are opened only if something is not loaded yet. */
export interface OpenedBase {
  readonly facts: BaseFacts
  readonly sessions: SharedSessions
  readonly runtime: Runtime
  /** Threads of a run. */
  readonly threads: number
  tensors(): Promise<TensorSource>
}

/** The output of a base's upper layers, and the input of a head. */
export const vectorName = 'vector'

/** Layers of a base that something stands on. */
export interface LayersBelow {
  /** The first that is not among them. */
  readonly to: number
  /** What all layers give: the vector of a text, or as those before the last do, its tokens' hidden states. */
  readonly last: 'vector' | 'hidden'
  readonly precision: WeightPrecision
  /** What stands beside them. */
  readonly adapter?: FedAdapter
}

/**
 * Sessions of what is below a specialist's own layers. The table of words is a session of its own, since nobody trains it
 * and it is more than half of a small base: even specialists of which all layers differ have it in common.
 */
export async function sharedBelow(
  opened: OpenedBase,
  { to, last, precision, adapter }: LayersBelow,
): Promise<readonly HeldSession[]> {
  const { config, pooling } = opened.facts
  const words = await hold(opened, { [encoderInputs.words]: wordRows(config) }, 'words', 'float32')
  if (to === 0) return [words]
  try {
    const beside = adapter && { adapter: adapter.graph }
    const graph = encoderGraph(config, { joined: true, to, wordsFed: true, ...beside })
    const isVector = to === config.layers && last === 'vector'
    const outputs = isVector
      ? { [vectorName]: pooled(graph, pooling) }
      : { [encoderInputs.hidden]: graph.hidden }
    const part = isVector ? `to the vector ${JSON.stringify(pooling)}` : `to ${to}`
    if (!adapter) return [words, await hold(opened, outputs, part, precision)]
    const adapted = await hold(opened, outputs, `${part} with ${adapter.key}`, precision)
    return [words, withAdapter(adapted, adapter)]
  } catch (cause) {
    await words.release()
    throw cause
  }
}

function hold(
  opened: OpenedBase,
  outputs: { readonly [name: string]: Value },
  part: string,
  precision: WeightPrecision,
): Promise<HeldSession> {
  const { sessions, facts } = opened
  const form = precision === 'float32' ? precision : sha256(JSON.stringify(precision))
  return sessions.hold(`${facts.digest} ${part} ${form}`, async () =>
    loadGraph(opened, outputs, { tensors: await opened.tensors(), precision }),
  )
}

/** Loads a graph whose parameters are these tensors. */
export function loadGraph(
  { runtime, threads, facts: { name } }: OpenedBase,
  outputs: { readonly [name: string]: Value },
  { tensors, precision }: { readonly tensors: TensorSource; readonly precision: WeightPrecision },
): Promise<Session> {
  return loadEncoder(outputs, tensors, runtime, { name, threads, precision })
}

// Serves what was trained: the layers that specialists have from their base are in memory once for all of them, what
// each has of its own stands on these, and the texts that wait for the same layers go through them together.

import { sha256 } from '../../../base/hash.ts'
import { input } from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { encoderGraph, encoderInputs, wordRows } from '../../../model/encoder/encoder.ts'
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import { type EncoderSession, loadEncoder } from '../../../model/encoder/encoder-session.ts'
import { roundedStep } from '../../../model/encoder/framing.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { Pooling } from '../../../model/encoder/pooling-config.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { Runtime, Session } from '../../../runtime/runtime.ts'
import { overlaid } from '../artefact.ts'
import {
  createRequestQueue,
  type QueueOptions,
  type RequestQueue,
  type TextRequest,
} from './request-queue.ts'
import { createSharedSessions, type HeldSession, type SharedSessions } from './shared-sessions.ts'

/** How an artefact names its base. */
export interface TrainedOn {
  readonly name: string
  readonly digest: string
}

/** What is known of a base without its tensors. */
export type BaseFacts = Omit<BaseModel, 'tensors'>

export interface ServingOptions {
  /** Opens a base; its tensors are closed as soon as they are read. Throws `base.vanished`. */
  readonly openBase: (base: TrainedOn) => Promise<BaseModel>
  readonly runtime: Runtime
  /** Threads of a run. */
  readonly threads: number
  readonly queue?: QueueOptions
}

/** What is asked about the vector of a text. */
export interface VectorForm {
  readonly base: TrainedOn
  readonly precision: WeightPrecision
  /** What a specialist has of its own: a head, and layers from some layer up to the last. */
  readonly own: TensorSource
  /** Values under their names, of the vector [B, H]. */
  readonly outputs: (vector: Value) => { readonly [name: string]: Value }
}

/** The pooling that specialists use: vectors of unit length, whatever the base was made for. */
export function unitLength(pooling: Pooling): Pooling {
  return { ...pooling, normalize: true }
}

/** Something that answers, and the base that it stands on. */
export interface Served {
  readonly session: EncoderSession
  readonly base: BaseFacts
}

export interface MicroServing {
  /** Loads a specialist over the vectors of texts, and of its base what no other has loaded. */
  openVectorForm(form: VectorForm): Promise<Served>
  /** Loads the base itself: its one output `vector` [B, H] is the text's, pooled as the base's configuration says. */
  openVectors(base: TrainedOn): Promise<Served>
  /** Requests that wait or are under way. */
  readonly size: number
}

/** The output of a base's upper layers, and the input of a head. */
const vectorName = 'vector'

/** Serves with nothing loaded. */
export function createMicroServing(options: ServingOptions): MicroServing {
  const queue = createRequestQueue(options.queue)
  const kept: Kept = { options, sessions: createSharedSessions(), facts: new Map() }
  return {
    openVectorForm: (form) =>
      opening(kept, queue, form.base, (opened) => formParts(withUnitLength(opened), form)),
    openVectors: (base) =>
      opening(kept, queue, base, async (opened) => ({
        shared: await sharedBelow(opened, opened.facts.config.layers, 'float32'),
        own: [],
      })),
    get size() {
      return queue.size
    },
  }
}

interface Kept {
  readonly options: ServingOptions
  readonly sessions: SharedSessions
  /** By digest, with how many hold them: a tokenizer is some megabytes. */
  readonly facts: Map<string, { readonly facts: BaseFacts; holders: number }>
}

/** A base while something is loaded on it; its tensors are opened only if something is not loaded yet. */
interface Opened {
  readonly kept: Kept
  readonly facts: BaseFacts
  tensors(): Promise<TensorSource>
}

interface Parts {
  readonly shared: readonly HeldSession[]
  readonly own: readonly Session[]
  readonly step?: number
}

function withUnitLength(opened: Opened): Opened {
  const { facts } = opened
  return { ...opened, facts: { ...facts, pooling: unitLength(facts.pooling) } }
}

async function opening(
  kept: Kept,
  queue: RequestQueue,
  reference: TrainedOn,
  load: (opened: Opened) => Promise<Parts>,
): Promise<Served> {
  const { openBase } = kept.options
  let model: Promise<BaseModel> | undefined
  const opened = (): Promise<BaseModel> => {
    model ??= openBase(reference)
    return model
  }
  try {
    const known = kept.facts.get(reference.digest) ?? { facts: factsOf(await opened()), holders: 0 }
    const entry = kept.facts.get(reference.digest) ?? known
    kept.facts.set(reference.digest, entry)
    entry.holders++
    const leave = (): void => {
      if (--entry.holders === 0) kept.facts.delete(reference.digest)
    }
    const { facts } = entry
    try {
      const { shared, own, step } = await load({ kept, facts, tensors: async () => (await opened()).tensors })
      const steps = [...shared.map(({ step }) => step), ...own.map((session) => ({ session }))]
      const session = encoderSession(
        queue,
        { steps, padId: facts.config.padId, name: facts.name, ...(step !== undefined && { step }) },
        shared,
        own,
        leave,
      )
      return { session, base: facts }
    } catch (cause) {
      leave()
      throw cause
    }
  } finally {
    await model?.then(
      ({ tensors }) => tensors.close(),
      () => undefined,
    )
  }
}

function factsOf({ tensors: _, ...facts }: BaseModel): BaseFacts {
  return facts
}

async function formParts(opened: Opened, form: VectorForm): Promise<Parts> {
  const { own, precision, outputs } = form
  const { config } = opened.facts
  const from = firstOwnLayer(own.names, config)
  const held: { release(): Promise<void> }[] = []
  const keep = <Held extends { release(): Promise<void> }>(one: Held): Held => {
    held.push(one)
    return one
  }
  try {
    const shared = (await sharedBelow(opened, from, precision)).map(keep)
    const upper = from === config.layers ? [] : [keep(await ownLayers(opened, own, { from, precision }))]
    const graph = outputs(input(vectorName, ['batch', config.hidden]))
    // A head is small, and novelty a difference of large numbers: both stay as they were trained.
    const head = keep(await loadGraph(opened, graph, own, 'float32'))
    const step = precision === 'float32' ? {} : { step: roundedStep }
    return { shared, own: [...upper, head], ...step }
  } catch (cause) {
    for (const one of held) await one.release()
    throw cause
  }
}

/**
 * What is below a specialist's own layers. The table of words is a session of its own, since nobody trains it and it is
 * more than half of a small base: even specialists of which all layers differ have it in common.
 */
async function sharedBelow(
  opened: Opened,
  from: number,
  precision: WeightPrecision,
): Promise<readonly HeldSession[]> {
  const { config, pooling } = opened.facts
  const words = await hold(opened, { [encoderInputs.words]: wordRows(config) }, 'words', 'float32')
  if (from === 0) return [words]
  try {
    const graph = encoderGraph(config, { joined: true, to: from, wordsFed: true })
    const outputs =
      from === config.layers ? { [vectorName]: pooled(graph, pooling) } : { hidden: graph.hidden }
    const part = from === config.layers ? `to the vector ${JSON.stringify(pooling)}` : `to ${from}`
    return [words, await hold(opened, outputs, part, precision)]
  } catch (cause) {
    await words.release()
    throw cause
  }
}

async function ownLayers(
  opened: Opened,
  own: TensorSource,
  { from, precision }: { readonly from: number; readonly precision: WeightPrecision },
): Promise<Session> {
  const { config, pooling } = opened.facts
  const graph = encoderGraph(config, { joined: true, from, wordsFed: true })
  const tensors = overlaid(await opened.tensors(), own)
  return loadGraph(opened, { [vectorName]: pooled(graph, pooling) }, tensors, precision)
}

/** The layer from which on the tensors are a specialist's own; the number of layers where it has only a head. */
export function firstOwnLayer(names: readonly string[], { layers }: EncoderConfig): number {
  if (names.some((name) => name.startsWith('embeddings.'))) return 0
  return names.reduce((first, name) => {
    const layer = /^encoder\.layer\.(\d+)\./.exec(name)
    return layer ? Math.min(first, Number(layer[1])) : first
  }, layers)
}

function hold(
  opened: Opened,
  outputs: { readonly [name: string]: Value },
  part: string,
  precision: WeightPrecision,
): Promise<HeldSession> {
  const { kept, facts } = opened
  const form = precision === 'float32' ? precision : sha256(JSON.stringify(precision))
  return kept.sessions.hold(`${facts.digest} ${part} ${form}`, async () =>
    loadGraph(opened, outputs, await opened.tensors(), precision),
  )
}

function loadGraph(
  { kept: { options }, facts: { name } }: Opened,
  outputs: { readonly [name: string]: Value },
  tensors: TensorSource,
  precision: WeightPrecision,
): Promise<Session> {
  const { runtime, threads } = options
  return loadEncoder(outputs, tensors, runtime, { name, threads, precision })
}

/** Steps as a session of texts. */
function encoderSession(
  queue: RequestQueue,
  about: Pick<TextRequest, 'name' | 'steps' | 'padId' | 'step'>,
  shared: readonly HeldSession[],
  own: readonly Session[],
  leave: () => void = () => {},
): EncoderSession {
  let isReleased = false
  return {
    get sizeBytes() {
      return [...shared, ...own].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    },
    run: (texts, take, options = {}) => queue.ask({ ...about, ...options, texts, take }),
    release: async () => {
      if (isReleased) return
      isReleased = true
      leave()
      for (const held of [...own, ...shared]) await held.release()
    },
  }
}

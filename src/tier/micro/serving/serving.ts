// Serves what was trained: the layers that specialists have from their base are in memory once for all of them, what
// each has of its own stands on these, and the texts that wait for the same layers go through them together.

import type { BaseModel } from '../../../model/encoder/base-model.ts'
import type { EncoderSession } from '../../../model/encoder/encoder-session.ts'
import type { Pooling } from '../../../model/encoder/pooling-config.ts'
import type { Runtime, Session } from '../../../runtime/runtime.ts'
import {
  type Parts,
  type TokenForm,
  type TrainedOn,
  tokenParts,
  type VectorForm,
  vectorParts,
} from './forms.ts'
import { type BaseFacts, type OpenedBase, sharedBelow } from './opened-base.ts'
import {
  createRequestQueue,
  type QueueOptions,
  type RequestQueue,
  type TextRequest,
} from './request-queue.ts'
import { createSharedSessions, type HeldSession, type SharedSessions } from './shared-sessions.ts'

export interface ServingOptions {
  /** Opens a base; its tensors are closed as soon as they are read. Throws `base.vanished`. */
  readonly openBase: (base: TrainedOn) => Promise<BaseModel>
  readonly runtime: Runtime
  /** Threads of a run. */
  readonly threads: number
  readonly queue?: QueueOptions
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
  /** The same over the hidden states of tokens; what they are told besides ids goes along with the texts (`also`). */
  openTokenForm(form: TokenForm): Promise<Served>
  /** Loads the base itself: its one output `vector` [B, H] is the text's, pooled as the base's configuration says. */
  openVectors(base: TrainedOn): Promise<Served>
  /** Requests that wait or are under way. */
  readonly size: number
}

/** Serves with nothing loaded. */
export function createMicroServing(options: ServingOptions): MicroServing {
  const queue = createRequestQueue(options.queue)
  const kept: Kept = { options, sessions: createSharedSessions(), facts: new Map() }
  return {
    openVectorForm: (form) =>
      opening(kept, queue, form.base, (opened) => vectorParts(withUnitLength(opened), form)),
    openTokenForm: (form) =>
      opening(kept, queue, form.base, (opened) => tokenParts(withUnitLength(opened), form)),
    openVectors: (base) =>
      opening(kept, queue, base, async (opened) => ({
        shared: await sharedBelow(opened, {
          ...{ to: opened.facts.config.layers, last: 'vector', precision: 'float32' },
        }),
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

function withUnitLength(opened: OpenedBase): OpenedBase {
  const { facts } = opened
  return { ...opened, facts: { ...facts, pooling: unitLength(facts.pooling) } }
}

async function opening(
  kept: Kept,
  queue: RequestQueue,
  reference: TrainedOn,
  load: (opened: OpenedBase) => Promise<Parts>,
): Promise<Served> {
  const { openBase, runtime, threads } = kept.options
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
      const { sessions } = kept
      const tensors = async () => (await opened()).tensors
      const { shared, own, step } = await load({ facts, sessions, runtime, threads, tensors })
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

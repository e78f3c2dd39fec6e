// What specialists are loaded as: over the vector of a text, or over the hidden states of its tokens. Of each, the layers
// that are the base's are shared, and what is its own stands on these.
import { input } from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import { type EncoderForm, encoderGraph } from '../../../model/encoder/encoder.ts'
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import { roundedStep } from '../../../model/encoder/framing.ts'
import type { LoraForm } from '../../../model/encoder/lora.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { Session } from '../../../runtime/runtime.ts'
import { overlaid } from '../artefact.ts'
import { readAdapter } from './adapters.ts'
import {
  type BaseFacts,
  type LayersBelow,
  loadGraph,
  type OpenedBase,
  sharedBelow,
  vectorName,
} from './opened-base.ts'
import type { HeldSession } from './shared-sessions.ts'

/** How an artefact names its base. */
export interface TrainedOn {
  readonly name: string
  readonly digest: string
}

interface SpecialistForm {
  readonly base: TrainedOn
  readonly precision: WeightPrecision
  /** What a specialist has of its own: a head, and layers from some layer up to the last. */
  readonly own: TensorSource
  /** Where it has an adapter in the place of layers: how that is made; its tensors are among its own. */
  readonly adapter?: LoraForm
}

/** What is asked about the vector of a text. */
export interface VectorForm extends SpecialistForm {
  /** Values under their names, of the vector [B, H]. */
  readonly outputs: (vector: Value) => { readonly [name: string]: Value }
}

/** What is asked about the tokens of a text. */
export interface TokenForm extends SpecialistForm {
  /** True: the encoder is told more of tokens than their ids, below its first layer, so that no layer is the base's. */
  readonly marked: boolean
  /** Values under their names, over the encoder in the form asked for. */
  readonly outputs: (
    base: Pick<BaseFacts, 'config' | 'pooling'>,
    form: EncoderForm,
  ) => { readonly [name: string]: Value }
}

/** Sessions that a specialist is made of. */
export interface Parts {
  readonly shared: readonly HeldSession[]
  readonly own: readonly Session[]
  /** As in `WaitingTexts`. */
  readonly step?: number
}

/** Sessions of a specialist over vectors. */
export async function vectorParts(opened: OpenedBase, form: VectorForm): Promise<Parts> {
  const { own, precision, outputs } = form
  const { config, pooling } = opened.facts
  const adapter = form.adapter && (await readAdapter(config, form.adapter, own))
  const from = adapter ? config.layers : firstOwnLayer(own.names, config)
  const below = { to: from, last: 'vector', precision, ...(adapter && { adapter }) } as const
  return loadingParts(opened, below, async (keep) => {
    const graph = encoderGraph(config, { joined: true, from, wordsFed: true })
    const tensors = from === config.layers ? own : overlaid(await opened.tensors(), own)
    if (from < config.layers) {
      keep(await loadGraph(opened, { [vectorName]: pooled(graph, pooling) }, { tensors, precision }))
    }
    const head = outputs(input(vectorName, ['batch', config.hidden]))
    // A head is small, and novelty a difference of large numbers: both stay as they were trained.
    keep(await loadGraph(opened, head, { tensors: own, precision: 'float32' }))
  })
}

/** Sessions of a specialist over tokens: its own layers and its head are one. */
export function tokenParts(opened: OpenedBase, form: TokenForm): Promise<Parts> {
  const { own, precision, marked, outputs } = form
  const from = marked ? 0 : firstOwnLayer(own.names, opened.facts.config)
  return loadingParts(opened, { to: from, last: 'hidden', precision }, async (keep) => {
    const graph = outputs(opened.facts, { joined: true, from, wordsFed: true })
    keep(await loadGraph(opened, graph, { tensors: overlaid(await opened.tensors(), own), precision }))
  })
}

/** Loads what is shared and what is not; what was loaded is let go where something is not. */
async function loadingParts(
  opened: OpenedBase,
  below: LayersBelow,
  loadOwn: (keep: (session: Session) => void) => Promise<void>,
): Promise<Parts> {
  const shared = await sharedBelow(opened, below)
  const own: Session[] = []
  try {
    await loadOwn((session) => own.push(session))
    return { shared, own, ...(below.precision !== 'float32' && { step: roundedStep }) }
  } catch (cause) {
    for (const held of [...own, ...shared]) await held.release()
    throw cause
  }
}

/** The layer from which on the tensors are a specialist's own; the number of layers where it has only a head. */
export function firstOwnLayer(names: readonly string[], { layers }: EncoderConfig): number {
  if (names.some((name) => name.startsWith('embeddings.'))) return 0
  return names.reduce((first, name) => {
    const layer = /^encoder\.layer\.(\d+)\./.exec(name)
    return layer ? Math.min(first, Number(layer[1])) : first
  }, layers)
}

// Adapters on a base that is in memory once: their small matrices are inputs of the base's session, so that specialists
// with adapters of one form share it, and the texts of one adapter share a run.

import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import { type EncoderAdapter, type LoraForm, loraAdapter, readLora } from '../../../model/encoder/lora.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { Tensors } from '../../../runtime/runtime.ts'
import { float32Tensor } from '../../../runtime/tensor.ts'
import { weightsFile } from '../artefact.ts'
import type { HeldSession } from './shared-sessions.ts'

/** A specialist's adapter, ready to be fed. */
export interface FedAdapter {
  /** What stands in the session's graph: the same for all adapters of this form. */
  readonly graph: EncoderAdapter
  /** Names the form among those of a base. */
  readonly key: string
  readonly tensors: Tensors
}

/** Reads an adapter out of a specialist's tensors; throws what {@link readLora} throws. */
export async function readAdapter(
  config: EncoderConfig,
  form: LoraForm,
  source: TensorSource,
): Promise<FedAdapter> {
  const tensors = await readLora(config, form, { source, file: weightsFile })
  return {
    graph: loraAdapter(config, form, { as: 'inputs' }),
    key: JSON.stringify(form),
    tensors: Object.fromEntries(
      [...tensors].map(([name, { shape, data }]) => [name, float32Tensor(shape, data)]),
    ),
  }
}

/** A session that is fed an adapter at every run; its bytes count as the holder's. */
export function withAdapter(held: HeldSession, { tensors }: Pick<FedAdapter, 'tensors'>): HeldSession {
  const ownBytes = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0)
  return {
    step: { session: held.step.session, with: tensors },
    get sizeBytes() {
      return held.sizeBytes + ownBytes
    },
    release: () => held.release(),
  }
}

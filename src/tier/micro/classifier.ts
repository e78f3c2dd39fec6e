// A trained classifier that answers: its graph (encoder, vector, logits, distance to the training classes) in a session.

import type { Value } from '../../graph/value.ts'
import type { EncoderSession } from '../../model/encoder/encoder-session.ts'
import { headLogits } from '../../model/encoder/heads.ts'
import { floatsOf } from '../../runtime/tensor.ts'
import { classifierHead } from './head-training.ts'
import { noveltyDistance } from './novelty.ts'

/** What is known of texts, by row. */
export interface Scored {
  /** [rows, labels]. */
  readonly logits: Float32Array
  /** Squared distances to the nearest training class; absent before novelty is fitted. */
  readonly distances?: Float32Array
  /** [rows, width]; absent afterwards. */
  readonly features?: Float32Array
}

/** What a trained classifier says of a vector [B, H]. */
export function classifierOutputs(
  vector: Value,
  { labels, noveltyClasses }: { readonly labels: ArrayLike<unknown>; readonly noveltyClasses: number },
) {
  const hidden = Number(vector.shape[1])
  const logits = headLogits(vector, classifierHead({ hidden }, labels.length))
  return { logits, distances: noveltyDistance(vector, noveltyClasses) }
}

/** Runs framed texts through a classifier. */
export async function scoreTexts(
  session: EncoderSession,
  texts: readonly Int32Array[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Scored> {
  const outputs: { [name: string]: Float32Array } = {}
  await session.run(
    texts,
    (batch) => {
      for (const name of Object.keys(batch.outputs)) {
        const values = floatsOf(batch.outputs[name], name)
        const width = values.length / batch.rows.length
        const into = outputs[name] ?? new Float32Array(texts.length * width)
        outputs[name] = into
        batch.rows.forEach((row, i) => {
          into.set(values.subarray(i * width, (i + 1) * width), row * width)
        })
      }
    },
    options,
  )
  const { logits, distances, features } = outputs
  return {
    logits: logits ?? new Float32Array(0),
    ...(distances && { distances }),
    ...(features && { features }),
  }
}

// A trained tagger that answers: its graph in a session, and scores of all tags for each unit of texts.
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import {
  copyVectors,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { Pooling } from '../../../model/encoder/pooling-config.ts'
import type { TensorSource } from '../../../model/weights/tensor-source.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { floatsOf } from '../../../runtime/tensor.ts'
import { noveltyDistance } from '../novelty.ts'
import type { ReadText } from './read-text.ts'
import type { TextWindow } from './text-windows.ts'
import { shapesInput, type TaggerForm, taggerGraph } from './token-tagger.ts'

export interface TaggerSessionOptions {
  readonly name: string
  readonly config: EncoderConfig
  readonly pooling: Pooling
  readonly form: TaggerForm
  /** False: vectors of the windows are given, to fit novelty on; true: their distances. */
  readonly fitted: boolean
  readonly threads: number
  readonly spinning: boolean
  readonly signal?: AbortSignal
}

/** Loads a tagger whose tensors, the head's too, are in the source. */
export function openTagger(
  tensors: TensorSource,
  runtime: Runtime,
  { config, pooling, form, fitted, ...load }: TaggerSessionOptions,
): Promise<EncoderSession> {
  const graph = taggerGraph(config, form, { joined: true })
  const vector = pooled(graph, pooling)
  const outputs = fitted
    ? { logits: graph.logits, distances: noveltyDistance(vector, 1) }
    : { logits: graph.logits, features: vector }
  return openEncoderSession(outputs, tensors, runtime, { ...load, padId: config.padId })
}

/** What is known of texts. */
export interface ScoredTexts {
  /** Scores of all tags for each unit of each text, T × K. */
  readonly emissions: readonly Float32Array[]
  /** One a window: squared distances, or vectors [windows, width]. */
  readonly distances?: Float32Array
  readonly features?: Float32Array
}

/** Runs windows of texts through a tagger. */
export async function scoreWindows(
  session: EncoderSession,
  texts: readonly ReadText[],
  windows: readonly TextWindow[],
  { form: { tags: K, shapes }, signal }: { readonly form: TaggerForm; readonly signal?: AbortSignal },
): Promise<ScoredTexts> {
  const emissions = texts.map(({ starts }) => new Float32Array(starts.length * K))
  const vectors: { [name: string]: Float32Array } = {}
  await session.run(
    windows.map(({ ids }) => ids),
    ({ rows, time, outputs }) => {
      const logits = floatsOf(outputs['logits'], 'logits')
      rows.forEach((row, i) => {
        copyUnits(logits.subarray(i * time * K), windows[row]!, emissions, K)
      })
      for (const name of ['distances', 'features']) {
        if (outputs[name] === undefined) continue
        const width = floatsOf(outputs[name], name).length / rows.length
        vectors[name] ??= new Float32Array(windows.length * width)
        copyVectors({ rows, time, outputs }, name, vectors[name])
      }
    },
    {
      ...(shapes && { also: { [shapesInput]: windows.map((window) => window.shapes) } }),
      ...(signal && { signal }),
    },
  )
  return { emissions, ...vectors }
}

function copyUnits(
  logits: Float32Array,
  { text, from, places }: TextWindow,
  emissions: readonly Float32Array[],
  K: number,
): void {
  places.forEach((place, i) => {
    emissions[text]!.set(logits.subarray(place * K, (place + 1) * K), (from + i) * K)
  })
}

// A trained tagger that answers: its graph in a session, and scores of all tags for each unit of texts.
import {
  copyVectors,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import { floatsOf } from '../../../runtime/tensor.ts'
import { noveltyDistance } from '../novelty.ts'
import type { TokenForm } from '../serving/forms.ts'
import type { LayerFormOptions } from '../serving/layer-forms.ts'
import type { MicroServing, Served } from '../serving/serving.ts'
import type { ReadText } from './read-text.ts'
import type { TextWindow } from './text-windows.ts'
import { shapesInput, type TaggerForm, taggerGraph } from './token-tagger.ts'

/** Loads a tagger that was just trained: tags, and vectors of the windows to fit novelty on. */
export function openTrainedTagger(
  form: TaggerForm,
  precision: WeightPrecision,
  { base: { name, config, pooling }, tensors, runtime, threads, signal }: LayerFormOptions,
): Promise<EncoderSession> {
  const graph = taggerGraph(config, form, { joined: true })
  const outputs = { logits: graph.logits, features: pooled(graph, pooling) }
  return openEncoderSession(outputs, tensors, runtime, {
    ...{ name, padId: config.padId, threads, spinning: true, precision },
    ...(signal && { signal }),
  })
}

/** Loads a tagger to serve: tags, and distances of the windows. */
export function openTagger(
  serving: MicroServing,
  form: TaggerForm,
  parts: Pick<TokenForm, 'base' | 'precision' | 'own'>,
): Promise<Served> {
  return serving.openTokenForm({
    ...parts,
    marked: form.shapes,
    outputs: ({ config, pooling }, encoderForm) => {
      const graph = taggerGraph(config, form, encoderForm)
      return { logits: graph.logits, distances: noveltyDistance(pooled(graph, pooling), 1) }
    },
  })
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

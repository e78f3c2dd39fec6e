// A trained reader that answers: its graph in a session, and what it scores of the tokens of windows.

import { encoderInputs } from '../../../model/encoder/encoder.ts'
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import {
  copyVectors,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import type { FedTexts } from '../../../model/encoder/input-ranges.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import { floatsOf } from '../../../runtime/tensor.ts'
import { noveltyDistance } from '../novelty.ts'
import type { TokenForm } from '../serving/forms.ts'
import type { LayerFormOptions } from '../serving/layer-forms.ts'
import type { MicroServing, Served } from '../serving/serving.ts'
import { candidatesOf, type QuestionWindow } from './question-windows.ts'
import { candidatesInput, markInput, readerGraph } from './reader.ts'
import { markNames } from './token-marks.ts'

/** Loads a reader that was just trained: places, presence, and vectors of the windows to fit novelty on. */
export function openTrainedReader(
  precision: WeightPrecision,
  { base: { name, config, pooling }, tensors, runtime, threads, signal }: LayerFormOptions,
): Promise<EncoderSession> {
  const graph = readerGraph(config, { joined: true })
  const { begin, end, presence } = graph
  const outputs = { begin, end, presence, features: pooled(graph, pooling) }
  return openEncoderSession(outputs, tensors, runtime, {
    ...{ name, padId: config.padId, threads, spinning: true, precision },
    ...(signal && { signal }),
  })
}

/** Loads a reader to serve: places, presence, and distances of the windows. */
export function openReader(
  serving: MicroServing,
  parts: Pick<TokenForm, 'base' | 'precision' | 'own'>,
): Promise<Served> {
  return serving.openTokenForm({
    ...parts,
    marked: true,
    outputs: ({ config, pooling }, form) => {
      const graph = readerGraph(config, form)
      const { begin, end, presence } = graph
      return { begin, end, presence, distances: noveltyDistance(pooled(graph, pooling), 1) }
    },
  })
}

/** What a reader says of one window. */
export interface WindowScores {
  /** Of each token of the context in the window. */
  readonly begin: Float32Array
  readonly end: Float32Array
  readonly presence: number
}

export interface ScoredWindows {
  readonly scores: readonly WindowScores[]
  /** One a window: squared distances, or vectors [windows, width]. */
  readonly distances?: Float32Array
  readonly features?: Float32Array
}

/** Runs windows through a reader. */
export async function scoreQuestionWindows(
  session: EncoderSession,
  windows: readonly QuestionWindow[],
  { config, signal }: { readonly config: EncoderConfig; readonly signal?: AbortSignal },
): Promise<ScoredWindows> {
  const scores: WindowScores[] = new Array(windows.length)
  const vectors: { distances?: Float32Array; features?: Float32Array } = {}
  const { texts, also } = fedWindows(windows, config)
  await session.run(
    texts,
    (batch) => {
      const { rows, time, outputs } = batch
      const presence = floatsOf(outputs['presence'], 'presence')
      rows.forEach((row, i) => {
        const { place, from, to } = windows[row]!
        const part = (name: 'begin' | 'end'): Float32Array => {
          const first = i * time + place
          return floatsOf(outputs[name], name).slice(first, first + to - from)
        }
        scores[row] = { begin: part('begin'), end: part('end'), presence: presence[i]! }
      })
      for (const name of ['distances', 'features'] as const) {
        if (outputs[name] === undefined) continue
        const width = floatsOf(outputs[name], name).length / rows.length
        vectors[name] ??= new Float32Array(windows.length * width)
        copyVectors(batch, name, vectors[name])
      }
    },
    { also, ...(signal && { signal }) },
  )
  return { scores, ...vectors }
}

/** Windows as a reader is fed them. */
export function fedWindows(
  windows: readonly QuestionWindow[],
  { types: segments }: Pick<EncoderConfig, 'types'>,
): Required<FedTexts> {
  const marks = markNames.map(
    (name) => [markInput(name), windows.map(({ marks: own }) => own[name])] as const,
  )
  return {
    texts: windows.map(({ ids }) => ids),
    also: {
      ...Object.fromEntries(marks),
      [candidatesInput]: windows.map((window) => candidatesOf(window)),
      ...(segments > 1 && { [encoderInputs.types]: windows.map(({ types }) => types) }),
    },
  }
}

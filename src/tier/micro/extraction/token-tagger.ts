// The graph of a tagger: an encoder that also sees the shapes of words, and scores of all tags for each token.
import { add, gather, input, parameter } from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import { type EncoderForm, type EncoderGraph, encoderGraph } from '../../../model/encoder/encoder.ts'
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import { headLogits } from '../../../model/encoder/heads.ts'
import { shapeCount } from './shapes.ts'

/** The input of shapes, int32 [B, T]. */
export const shapesInput = 'shapes'

/** What a tagger is made for. */
export interface TaggerForm {
  readonly tags: number
  /** False: the encoder sees the case of letters itself, or there is none. */
  readonly shapes: boolean
}

/** A parameter that a tagger has beside its base's. */
export interface TaggerTensor {
  readonly name: string
  readonly shape: readonly number[]
}

const shapeTables = { hidden: 'shapes.hidden', logits: 'shapes.logits' } as const

/** Names and shapes of what a tagger has beside the tensors of its base. */
export function taggerTensors(
  { hidden }: EncoderConfig,
  { tags, shapes }: TaggerForm,
): readonly TaggerTensor[] {
  return [
    { name: 'head.weight', shape: [tags, hidden] },
    { name: 'head.bias', shape: [tags] },
    ...(shapes
      ? [
          { name: shapeTables.hidden, shape: [shapeCount, hidden] },
          { name: shapeTables.logits, shape: [shapeCount, tags] },
        ]
      : []),
  ]
}

/** Logits [B, T, tags] of each token, and the encoder's graph below them. */
export function taggerGraph(
  config: EncoderConfig,
  { tags, shapes }: TaggerForm,
  form: EncoderForm = {},
): EncoderGraph & { readonly logits: Value } {
  const head = { name: 'head', from: config.hidden, to: tags }
  const dropped = (x: Value): Value => form.dropout?.hidden(x, 'head') ?? x
  if (!shapes) {
    const graph = encoderGraph(config, form)
    return { ...graph, logits: headLogits(dropped(graph.hidden), head) }
  }
  const numbers = input(shapesInput, ['batch', 'time'], 'int32')
  const added = gather(parameter(shapeTables.hidden, [shapeCount, config.hidden]), numbers)
  const graph = encoderGraph(config, { ...form, added })
  const logits = headLogits(dropped(graph.hidden), head)
  return { ...graph, logits: add(logits, gather(parameter(shapeTables.logits, [shapeCount, tags]), numbers)) }
}

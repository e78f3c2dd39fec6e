// A nano model as one file of tensors and a description, and back.
import { appError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { MixtureWeights } from '../../model/linear/mixture.ts'
import { type PerceptronWeights, perceptronShape } from '../../model/linear/perceptron.ts'
import { dequantiseRows, type QuantisedRows, quantiseRows } from '../../model/linear/quantised.ts'
import { decodeTensors, encodeTensors, type Tensor } from '../../model/linear/tensors.ts'
import { createVocabulary } from '../../model/linear/vocabulary.ts'
import type { NgramOptions } from '../../text/ngrams.ts'
import type { TableName } from '../../text/script.ts'
import type { NanoModel } from './train.ts'

export const weightsFile = 'nano.safetensors'
const format = 1

/** What `load` must know besides the weights. */
export interface NanoDescription {
  readonly format: number
  /** Labels of each class; one a class unless the task allows several. */
  readonly classes: readonly (readonly string[])[]
  /** True where an output may have several labels, so that there are no probabilities of single ones. */
  readonly multiple: boolean
  /** The static table that embeddings come from, and a number that changes when the table does. */
  readonly table: TableName
  readonly tableFingerprint: number
  readonly mixture: MixtureWeights
  readonly ngrams: NgramOptions
  readonly lengths: readonly [number, number]
  /** Dimensions of the embedding, and hidden units over it. */
  readonly inputs: number
  readonly hidden: number
}

/** Writes a model's weights, in eight bits. */
export function encodeModel({ sparse, dense }: NanoModel): Uint8Array {
  const { vocabulary, weights, biases } = sparse
  const { shape } = dense
  const first = quantiseRows(dense.first, shape.paddedInputs)
  const second = quantiseRows(dense.second, shape.paddedHidden)
  return encodeTensors({
    'sparse.codes': vector(vocabulary.codes),
    'sparse.scales': vector(weights.scales),
    'sparse.biases': vector(biases),
    'dense.shift': vector(dense.shift),
    'dense.scale': vector(dense.scale),
    'dense.first.scales': vector(first.scales),
    'dense.second.scales': vector(second.scales),
    'sparse.weights': matrix(weights),
    'sparse.levels': vector(vocabulary.levels),
    'dense.first.weights': matrix(first),
    'dense.second.weights': matrix(second),
  })
}

const vector = (data: Tensor['data']): Tensor => ({ shape: [data.length], data })

const matrix = ({ values, columns }: QuantisedRows): Tensor => ({
  shape: [values.length / columns, columns],
  data: values,
})

/** Reads what {@link encodeModel} wrote. */
export function decodeModel(bytes: Uint8Array, description: NanoDescription): NanoModel {
  const tensors = decodeTensors(bytes)
  const read = <Data extends Tensor['data']>(name: string): Data => {
    const tensor = tensors.get(name)
    if (!tensor) throw appError('internal.bug', { problem: `${weightsFile} lacks ${name}` })
    return tensor.data as Data
  }
  const rows = (name: string, scales: string, columns: number): QuantisedRows => ({
    values: read<Int8Array>(name),
    scales: read<Float32Array>(scales),
    columns,
  })
  const { classes, inputs, hidden, ngrams, lengths, mixture } = description
  const shape = perceptronShape(inputs, hidden, classes.length)
  const dense: PerceptronWeights = {
    shape,
    shift: read('dense.shift'),
    scale: read('dense.scale'),
    first: dequantiseRows(rows('dense.first.weights', 'dense.first.scales', shape.paddedInputs)),
    second: dequantiseRows(rows('dense.second.weights', 'dense.second.scales', shape.paddedHidden)),
  }
  return {
    sparse: {
      ngrams,
      lengths,
      vocabulary: createVocabulary(read('sparse.codes'), read('sparse.levels')),
      weights: rows('sparse.weights', 'sparse.scales', classes.length),
      biases: read('sparse.biases'),
    },
    dense,
    mixture,
  }
}

/** A description as JSON, and JSON as a description; only this file's format is read. */
export function describe(description: NanoDescription): Json {
  return JSON.parse(JSON.stringify(description))
}

export function parseDescription(meta: { readonly [key: string]: Json }): NanoDescription {
  const description = meta['model'] as unknown as NanoDescription | undefined
  if (description?.format === format) return description
  throw appError('internal.bug', {
    problem: `a nano artefact of format ${description?.format ?? 'unknown'} was given to a reader of format ${format}`,
  })
}

export const describedFormat = format

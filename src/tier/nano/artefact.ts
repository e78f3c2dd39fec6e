// A nano model as one file of tensors and a description, and back.
import { appError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { MixtureWeights } from '../../model/linear/mixture.ts'
import type { DenseLayer } from '../../model/linear/perceptron.ts'
import type { QuantisedRows } from '../../model/linear/quantised.ts'
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
}

/** Writes a model's weights, in eight bits. */
export function encodeModel({ sparse, dense }: NanoModel): Uint8Array {
  const { vocabulary, weights, biases } = sparse
  return encodeTensors({
    'sparse.codes': vector(vocabulary.codes),
    'sparse.scales': vector(weights.scales),
    'sparse.biases': vector(biases),
    'dense.first.scales': vector(dense.first.weights.scales),
    'dense.first.biases': vector(dense.first.biases),
    'dense.second.scales': vector(dense.second.weights.scales),
    'dense.second.biases': vector(dense.second.biases),
    'sparse.weights': matrix(weights),
    'sparse.levels': vector(vocabulary.levels),
    'dense.first.weights': matrix(dense.first.weights),
    'dense.second.weights': matrix(dense.second.weights),
  })
}

const vector = (data: Tensor['data']): Tensor => ({ shape: [data.length], data })

const matrix = ({ values, columns }: QuantisedRows): Tensor => ({
  shape: [values.length / columns, columns],
  data: values,
})

/** Reads what {@link encodeModel} wrote. */
export function decodeModel(bytes: Uint8Array, { ngrams, lengths, mixture }: NanoDescription): NanoModel {
  const tensors = decodeTensors(bytes)
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name)
    if (found) return found
    throw appError('internal.bug', { problem: `${weightsFile} lacks ${name}` })
  }
  const read = <Data extends Tensor['data']>(name: string): Data => tensor(name).data as Data
  const rows = (part: string): QuantisedRows => ({
    values: read<Int8Array>(`${part}.weights`),
    scales: read<Float32Array>(`${part}.scales`),
    columns: tensor(`${part}.weights`).shape[1] ?? 0,
  })
  const layer = (part: string): DenseLayer => ({ weights: rows(part), biases: read(`${part}.biases`) })
  const vocabulary = createVocabulary(read('sparse.codes'), read('sparse.levels'))
  return {
    sparse: { ngrams, lengths, vocabulary, weights: rows('sparse'), biases: read('sparse.biases') },
    dense: { first: layer('dense.first'), second: layer('dense.second') },
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

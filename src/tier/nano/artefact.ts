// A nano model as one file of tensors and a description, and back.
import { appError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { DenseLayer } from '../../model/linear/dense-layer.ts'
import type { MixtureWeights } from '../../model/linear/mixture.ts'
import type { QuantisedRows } from '../../model/linear/quantised.ts'
import { decodeTensors, encodeTensors, type Tensor } from '../../model/linear/tensors.ts'
import type { NgramOptions } from '../../text/ngrams.ts'
import type { TableName } from '../../text/script.ts'
import type { UsualSigns } from './novelty-score.ts'
import type { NanoModel } from './train.ts'

export const weightsFile = 'nano.safetensors'
const format = 2

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
  readonly usual: UsualSigns
}

/** Writes a model's weights, in eight bits. */
export function encodeModel({ sparse, dense, novelty }: NanoModel): Uint8Array {
  const { vocabulary, weights, biases } = sparse
  const { prototypes } = novelty
  return encodeTensors({
    'sparse.codes': vector(vocabulary.codes),
    'sparse.biases': vector(biases),
    'dense.first.scales': vector(dense.first.weights.scales),
    'dense.first.biases': vector(dense.first.biases),
    'dense.second.scales': vector(dense.second.weights.scales),
    'dense.second.biases': vector(dense.second.biases),
    'novelty.mean': vector(novelty.mean),
    'novelty.starts': vector(novelty.starts),
    'novelty.prototypes.scales': vector(prototypes.weights.scales),
    'novelty.prototypes.biases': vector(prototypes.biases),
    'sparse.weights': matrix(weights),
    'sparse.scales': vector(weights.levels),
    'sparse.levels': vector(vocabulary.levels),
    'dense.first.weights': matrix(dense.first.weights),
    'dense.second.weights': matrix(dense.second.weights),
    'novelty.prototypes.weights': matrix(prototypes.weights),
    'novelty.pieces': vector(novelty.knownPieces),
  })
}

const vector = (data: Tensor['data']): Tensor => ({ shape: [data.length], data })

const matrix = ({ values, columns }: Pick<QuantisedRows, 'values' | 'columns'>): Tensor => ({
  shape: [values.length / columns, columns],
  data: values,
})

/** Reads what {@link encodeModel} wrote; the arrays may be views of `bytes`. */
export function decodeModel(bytes: Uint8Array, description: NanoDescription): NanoModel {
  const { ngrams, lengths, mixture, usual } = description
  const tensors = decodeTensors(bytes)
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name)
    if (found) return found
    throw appError('internal.bug', { problem: `${weightsFile} lacks ${name}` })
  }
  const read = <Data extends Tensor['data']>(name: string): Data => tensor(name).data as Data
  const rows = (part: string): Pick<QuantisedRows, 'values' | 'columns'> => ({
    values: read<Int8Array>(`${part}.weights`),
    columns: tensor(`${part}.weights`).shape[1] ?? 0,
  })
  const layer = (part: string): DenseLayer => ({
    weights: { ...rows(part), scales: read<Float32Array>(`${part}.scales`) },
    biases: read(`${part}.biases`),
  })
  return {
    sparse: {
      ...{ ngrams, lengths },
      vocabulary: { codes: read('sparse.codes'), levels: read('sparse.levels') },
      weights: { ...rows('sparse'), levels: read('sparse.scales') },
      biases: read('sparse.biases'),
    },
    dense: { first: layer('dense.first'), second: layer('dense.second') },
    novelty: {
      mean: read('novelty.mean'),
      starts: read('novelty.starts'),
      prototypes: layer('novelty.prototypes'),
      knownPieces: read('novelty.pieces'),
    },
    ...{ mixture, usual },
  }
}

/** A description as JSON, and JSON as a description; only this file's format is read. */
export function describe(description: NanoDescription): Json {
  return JSON.parse(JSON.stringify(description))
}

/** Reads a description; throws `artefact.other-version`. */
export function parseDescription(meta: { readonly [key: string]: Json }): NanoDescription {
  const description = meta['model'] as unknown as NanoDescription | undefined
  if (description?.format === format) return description
  throw appError('artefact.other-version', {
    problem: `it is of format ${description?.format ?? 'unknown'}, and format ${format} is read`,
  })
}

export const describedFormat = format

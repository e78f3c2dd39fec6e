// A tagger as one file of tensors and a description, and back.
import { z } from 'zod'
import { appError } from '../../../base/errors.ts'
import type { Json } from '../../../base/json.ts'
import { schemeNames } from '../../../model/crf/tag-scheme.ts'
import type { TaggerModel } from '../../../model/crf/tagger.ts'
import type { PerceptronWeights } from '../../../model/linear/perceptron.ts'
import type { QuantisedRows } from '../../../model/linear/quantised.ts'
import { decodeTensors, encodeTensors, type Tensor } from '../../../model/linear/tensors.ts'
import { tableNames } from '../../../text/script.ts'
import { scoreNames } from './judge-chain.ts'
import { featureModes } from './token-features.ts'
import type { TrainedTagger } from './train.ts'

export const taggerFile = 'nano-tagger.safetensors'
const format = 1

const descriptionSchema = z.object({
  format: z.literal(format),
  /** Names of the labels, by number. */
  labels: z.array(z.string()),
  scheme: z.enum(schemeNames),
  mode: z.enum(featureModes),
  cuts: z.array(z.number()),
  axes: z.number(),
  outsideBias: z.number(),
  score: z.enum(scoreNames),
  table: z.enum(tableNames),
  tableFingerprint: z.number(),
})

/** What `load` must know besides the weights. */
export type TaggerDescription = z.infer<typeof descriptionSchema>

/** A description of this file's format, as JSON. */
export function describeTagger(description: Omit<TaggerDescription, 'format'>): Json {
  return { format, ...description }
}

/** Reads a description; throws `artefact.other-version`. */
export function parseTaggerDescription(meta: { readonly [key: string]: Json }): TaggerDescription {
  const parsed = descriptionSchema.safeParse(meta['tagger'])
  if (parsed.success) return parsed.data
  throw appError('artefact.other-version', {
    problem: `its description differs: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
  })
}

/** A tagger and what its dense inputs are brought to one size by. */
export interface ReadTagger {
  readonly model: TaggerModel
  readonly inputMean: Float32Array
  readonly inputScale: number
}

/** Writes a tagger's weights. */
export function encodeTagger({ model, inputMean, inputScale }: TrainedTagger): Uint8Array {
  const { sparse, network, chain } = model
  return encodeTensors({
    'sparse.codes': vector(
      new Uint32Array(sparse.codes.buffer, sparse.codes.byteOffset, sparse.codes.length),
    ),
    'sparse.starts': vector(sparse.starts),
    'sparse.scales': vector(sparse.scales),
    'chain.pairs': vector(chain.pairs),
    'chain.starts': vector(chain.starts),
    'chain.ends': vector(chain.ends),
    'inputs.mean': vector(inputMean),
    'inputs.scale': vector(Float32Array.of(inputScale)),
    ...(network && {
      'network.first.scales': vector(network.first.weights.scales),
      'network.first.biases': vector(network.first.biases),
      'network.second.scales': vector(network.second.weights.scales),
      'network.second.biases': vector(network.second.biases),
      'network.first.weights': matrix(network.first.weights),
      'network.second.weights': matrix(network.second.weights),
    }),
    'sparse.tags': vector(sparse.tags),
    'sparse.values': vector(sparse.values),
  })
}

const vector = (data: Tensor['data']): Tensor => ({ shape: [data.length], data })

const matrix = ({ values, columns }: QuantisedRows): Tensor => ({
  shape: [values.length / columns, columns],
  data: values,
})

/** Reads what {@link encodeTagger} wrote. */
export function decodeTagger(bytes: Uint8Array): ReadTagger {
  const tensors = decodeTensors(bytes)
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name)
    if (found) return found
    throw appError('internal.bug', { problem: `${taggerFile} lacks ${name}` })
  }
  const read = <Data extends Tensor['data']>(name: string): Data => tensor(name).data as Data
  const layer = (part: string): PerceptronWeights['first'] => ({
    weights: {
      values: read<Int8Array>(`${part}.weights`),
      scales: read<Float32Array>(`${part}.scales`),
      columns: tensor(`${part}.weights`).shape[1] ?? 0,
    },
    biases: read(`${part}.biases`),
  })
  const codes = read<Uint32Array>('sparse.codes')
  return {
    inputMean: read('inputs.mean'),
    inputScale: read<Float32Array>('inputs.scale')[0] ?? 1,
    model: {
      sparse: {
        codes: new Int32Array(codes.buffer, codes.byteOffset, codes.length),
        starts: read('sparse.starts'),
        scales: read('sparse.scales'),
        tags: read('sparse.tags'),
        values: read('sparse.values'),
      },
      chain: { pairs: read('chain.pairs'), starts: read('chain.starts'), ends: read('chain.ends') },
      ...(tensors.has('network.first.weights') && {
        network: { first: layer('network.first'), second: layer('network.second') },
      }),
    },
  }
}

// Adapters of low rank (LoRA, Hu et al., 2021): a linear layer of the base stays as it is, and the product of two small
// matrices is added to what it makes, y = x W + b + (alpha / rank) · (x A) B. Names and shapes are those of PEFT.
import { appError } from '../../base/errors.ts'
import type { Random } from '../../base/random.ts'
import { input, matmul, parameter } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import { elementCount, type StoredTensor, shapeText, type TensorSource } from '../weights/tensor-source.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { encoderTensors, type LayerPart, layerParts, layerTensor } from './weight-names.ts'

/** Which parts of a layer can have something of low rank beside them: those that multiply by a matrix. */
const adaptable = {
  query: true,
  key: true,
  value: true,
  attentionOutput: true,
  attentionNorm: false,
  intermediate: true,
  output: true,
  outputNorm: false,
} as const satisfies { readonly [Part in LayerPart]: boolean }

export type Projection = {
  [Part in LayerPart]: (typeof adaptable)[Part] extends true ? Part : never
}[LayerPart]

/** How an adapter is made; it stands beside these projections of every layer. */
export interface LoraForm {
  readonly rank: number
  readonly alpha: number
  readonly projections: readonly Projection[]
}

/** Says whether a part of a layer can be adapted. */
export function isProjection(part: string): part is Projection {
  return Object.entries(adaptable).some(([name, can]) => can && name === part)
}

/** The form of an adapter where nothing but its rank is said: queries and values, as in the paper. */
export function usualLora(rank: number): LoraForm {
  return { rank, alpha: 16, projections: ['query', 'value'] }
}

const kinds = ['lora_A', 'lora_B'] as const
type Kind = (typeof kinds)[number]

/** Name of one of the two matrices beside a projection of a layer, counted from 0. */
function loraTensor(layer: number, projection: Projection, kind: Kind): string {
  return `encoder.layer.${layer}.${layerParts[projection]}.${kind}.weight`
}

/** True for the name of a tensor of an adapter. */
export function isLoraTensor(name: string): boolean {
  return kinds.some((kind) => name.endsWith(`.${kind}.weight`))
}

/** Names and shapes of an adapter's tensors: A [rank, in] and B [out, rank]. */
export function loraShapes(
  config: EncoderConfig,
  { rank, projections }: LoraForm,
): ReadonlyMap<string, readonly number[]> {
  const weights = new Map(encoderTensors(config).map(({ name, shape }) => [name, shape]))
  const shapes = Array.from({ length: config.layers }, (_, layer) =>
    projections.flatMap((projection) => {
      const [to, from] = weights.get(layerTensor(layer, projection, 'weight'))!
      return [
        [loraTensor(layer, projection, 'lora_A'), [rank, from!]] as const,
        [loraTensor(layer, projection, 'lora_B'), [to!, rank]] as const,
      ]
    }),
  )
  return new Map(shapes.flat())
}

/** What an adapter adds to what a projection of a layer makes of x [B, T, in]; `undefined` where it adds nothing. */
export type EncoderAdapter = (layer: number, projection: Projection, x: Value) => Value | undefined

/**
 * An adapter in a graph: its tensors are parameters, to be trained, or inputs of the same names and shapes, so that one
 * session of a base serves all adapters of a form.
 */
export function loraAdapter(
  config: EncoderConfig,
  form: LoraForm,
  options: { readonly as: 'parameters' | 'inputs' },
): EncoderAdapter {
  const shapes = loraShapes(config, form)
  const make = options.as === 'inputs' ? input : parameter
  return (layer, projection, x) => {
    if (!form.projections.includes(projection)) return undefined
    const tensor = (kind: Kind): Value => {
      const name = loraTensor(layer, projection, kind)
      return make(name, shapes.get(name)!)
    }
    const narrow = matmul(x, tensor('lora_A'), { transposeB: true })
    return matmul(narrow, tensor('lora_B'), { transposeB: true, alpha: form.alpha / form.rank })
  }
}

/** Where the training of an adapter begins, as in PEFT: A drawn evenly within ±1/√in, B zeros, so that it adds nothing. */
export function loraStart(
  config: EncoderConfig,
  form: LoraForm,
  random: Random,
): ReadonlyMap<string, Float32Array> {
  return new Map(
    [...loraShapes(config, form)].map(([name, shape]) => {
      const length = elementCount(shape)
      if (name.endsWith('.lora_B.weight')) return [name, new Float32Array(length)]
      const bound = 1 / Math.sqrt(shape[1]!)
      return [name, Float32Array.from({ length }, () => bound * (2 * random.next() - 1))]
    }),
  )
}

/** The tensors of an adapter; throws `weights.tensor-missing`, and `weights.tensor` for one of another shape. */
export async function readLora(
  config: EncoderConfig,
  form: LoraForm,
  { source, file }: { readonly source: TensorSource; readonly file: string },
): Promise<ReadonlyMap<string, StoredTensor>> {
  const read = new Map<string, StoredTensor>()
  for (const [tensor, shape] of loraShapes(config, form)) {
    const [got, expected] = [shapeText(source.shapeOf(tensor)), shapeText(shape)]
    const problem = `has the shape ${got} where an adapter of rank ${form.rank} on this base has ${expected}`
    if (got !== expected) throw appError('weights.tensor', { file, tensor, problem })
    read.set(tensor, await source.read(tensor))
  }
  return read
}

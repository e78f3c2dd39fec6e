// What a micro artefact consists of: the tensors that training changed, and a description that names the base which
// has all the others.
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { isSha256 } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import { isProjection, type Projection } from '../../model/encoder/lora.ts'
import type { StoredTensor, TensorSource } from '../../model/weights/tensor-source.ts'
import type { Artefact } from '../tier.ts'
import { precisionSchema } from './precision-schema.ts'

/** The file of the changed tensors. */
export const weightsFile = 'micro.safetensors'

/** Counts up when descriptions or graphs change so that older ones cannot be read. */
const format = 1

const adapter = z.object({
  rank: z.int().positive(),
  alpha: z.number().positive(),
  projections: z
    .array(z.custom<Projection>((value) => isProjection(String(value))))
    .min(1)
    .readonly(),
})

const spread = z.tuple([z.number(), z.number()]).readonly()

const description = z.object({
  format: z.literal(format),
  base: z.object({ name: z.string(), digest: z.custom<string>((value) => isSha256(String(value))) }),
  labels: z.array(z.string()).min(1),
  multiple: z.boolean(),
  maxTokens: z.int().positive(),
  /** Class means that the distance of novelty is measured to. */
  noveltyClasses: z.int().positive(),
  /** How the weights of its layers and of its base's are kept in memory, and how what it says of itself was judged. */
  precision: precisionSchema,
  usual: z.object({ logit: spread, distance: spread }),
  /** The adapter that is among its tensors. */
  adapter: adapter.optional(),
})

export type ClassifierDescription = z.infer<typeof description>

/** A description as it is kept. */
export function describe(parts: Omit<ClassifierDescription, 'format'>): Json {
  const { base, labels, multiple, maxTokens, noveltyClasses, precision, usual, adapter } = parts
  const { logit, distance } = usual
  return {
    ...{ format, base: { ...base }, labels: [...labels], multiple, maxTokens, noveltyClasses },
    precision,
    usual: { logit: [...logit], distance: [...distance] },
    ...(adapter && { adapter: { ...adapter, projections: [...adapter.projections] } }),
  }
}

/** The description in an artefact's meta; throws `artefact.other-version`. */
export function parseDescription(meta: Artefact['meta']): ClassifierDescription {
  const parsed = description.safeParse(meta['model'])
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw appError('artefact.other-version', { problem })
}

/** The tensors of `changed` where it has them, else those of `base`. */
export function overlaid(base: TensorSource, changed: TensorSource): TensorSource {
  const own = new Set(changed.names)
  const of = (name: string): TensorSource => (own.has(name) ? changed : base)
  return {
    names: [...new Set([...base.names, ...own])].sort(),
    shapeOf: (name) => of(name).shapeOf(name),
    read: (name): Promise<StoredTensor> => of(name).read(name),
    close: async () => {
      await changed.close()
      await base.close()
    },
  }
}

// What a tagger's artefact says of itself beside its tensors.
import { z } from 'zod'
import { appError } from '../../../base/errors.ts'
import { isSha256 } from '../../../base/hash.ts'
import type { Json } from '../../../base/json.ts'
import { schemeNames } from '../../../model/crf/tag-scheme.ts'
import { scoreNames } from '../../nano/extraction/judge-chain.ts'
import type { Artefact } from '../../tier.ts'
import { precisionSchema } from '../precision-schema.ts'

/** Counts up when descriptions or graphs change so that older ones cannot be read. */
const format = 1

const spread = z.tuple([z.number(), z.number()]).readonly()

const description = z.object({
  format: z.literal(format),
  base: z.object({ name: z.string(), digest: z.custom<string>((value) => isSha256(String(value))) }),
  /** Names of the labels, by number. */
  labels: z.array(z.string()).min(1),
  scheme: z.enum(schemeNames),
  shapes: z.boolean(),
  /** Where words are cut beside the usual places. */
  cuts: z.array(z.number()),
  maxTokens: z.int().positive(),
  /** Absent in older artefacts. */
  precision: precisionSchema.default('float32'),
  outsideBias: z.number(),
  score: z.enum(scoreNames),
  usual: z.object({ logit: spread, distance: spread }),
})

export type TaggerDescription = z.infer<typeof description>

/** A description as it is kept. */
export function describeTagger(parts: Omit<TaggerDescription, 'format'>): Json {
  const { base, labels, cuts, usual, ...rest } = parts
  const { logit, distance } = usual
  return {
    ...{ format, base: { ...base }, labels: [...labels], cuts: [...cuts], ...rest },
    usual: { logit: [...logit], distance: [...distance] },
  }
}

/** The description in an artefact's meta; throws `artefact.other-version`. */
export function parseTaggerDescription(meta: Artefact['meta']): TaggerDescription {
  const parsed = description.safeParse(meta['tagger'])
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw appError('artefact.other-version', { problem })
}

// What a reader's artefact says of itself beside its tensors.
import { z } from 'zod'
import { appError } from '../../../base/errors.ts'
import { isSha256 } from '../../../base/hash.ts'
import type { Json } from '../../../base/json.ts'
import type { Artefact } from '../../tier.ts'
import { precisionSchema } from '../precision-schema.ts'

/** The tensor of the rarity of words, [word codes]. */
export const rarityTensor = 'words.rarity'

/** Counts up when descriptions or graphs change so that older ones cannot be read. */
const format = 1

const spread = z.tuple([z.number(), z.number()]).readonly()
const size = z.int().positive()

const description = z.object({
  format: z.literal(format),
  base: z.object({ name: z.string(), digest: z.custom<string>((value) => isSha256(String(value))) }),
  windows: z.object({ tokens: size, questionTokens: size, most: size }),
  answerTokens: size,
  /** Absent in older artefacts. */
  precision: precisionSchema.default('float32'),
  sentenceWeight: z.number(),
  ranker: z.array(z.number()).length(8).readonly(),
  judge: z.object({
    there: z.array(z.number()).length(3).readonly(),
    right: z.array(z.number()).length(4).readonly(),
  }),
  usual: z.object({ logit: spread, distance: spread }),
})

export type ReaderDescription = z.infer<typeof description>

/** A description as it is kept. */
export function describeReader(parts: Omit<ReaderDescription, 'format'>): Json {
  const { base, windows, answerTokens, precision, sentenceWeight, ranker, judge, usual } = parts
  return {
    ...{ format, base: { ...base }, windows: { ...windows }, answerTokens, precision },
    ...{ sentenceWeight, ranker: [...ranker] },
    judge: { there: [...judge.there], right: [...judge.right] },
    usual: { logit: [...usual.logit], distance: [...usual.distance] },
  }
}

/** The description in an artefact's meta; throws `artefact.other-version`. */
export function parseReaderDescription(meta: Artefact['meta']): ReaderDescription {
  const parsed = description.safeParse(meta['reader'])
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw appError('artefact.other-version', { problem })
}

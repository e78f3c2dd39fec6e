/** The section `keep` of `shoal.yaml`: how long calls are kept, and how large the store may grow. */
import { z } from 'zod'
import type { KeepRules } from '../../trace/keep-rules.ts'
import { optionalSize, optionalTime } from './values.ts'

export const keepSchema = z.strictObject({
  age: optionalTime(
    'Calls that are older are removed for good, such as 90d or 12h. Not set: they are kept. Examples that were imported stay, and so do the figures of the ledger.',
  ),
  size: optionalSize(
    'When the store on disk is larger, such as 10GiB, its oldest calls are removed for good. Not set: it grows.',
  ),
})

/** The rules of the section. */
export function keepRules({ age, size }: z.infer<typeof keepSchema>): KeepRules {
  return { ...(age !== undefined && { ageMs: age }), ...(size !== undefined && { sizeBytes: size }) }
}

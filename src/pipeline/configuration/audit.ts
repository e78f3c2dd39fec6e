/** The section `audit` of `shoal.yaml`: how much of what is answered locally is checked with the upstream. */
import { z } from 'zod'

export const auditSchema = z.strictObject({
  rate: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe(
      'Share of local answers that are checked with the upstream, in the background, 0 to 1. More are checked, up to five times as many, while a specialist is young, its certificate thin or its inputs drift. 0: none, and a specialist that gets worse is not found out.',
    ),
  budgetUsdPerDay: z
    .number()
    .min(0)
    .default(5)
    .describe('US dollars that checks may cost in a day (UTC) and gateway, at the known prices.'),
  callsPerMinute: z
    .int()
    .min(0)
    .default(60)
    .describe(
      'Checks in a minute and gateway at most; the only limit where the price of the model is not known.',
    ),
})

export type AuditSettings = z.infer<typeof auditSchema>

/** The section `tasks` of `shoal.yaml`: what is promised for a task, and whether its calls train it by themselves. */
import { z } from 'zod'

const autoSchema = z.strictObject({
  after: z
    .string('expected a number of calls such as 500 calls')
    .regex(/^[1-9]\d{0,8}( calls?)?$/, 'expected a number of calls such as 500 calls')
    .transform((text) => Number.parseInt(text, 10))
    .or(z.int().min(1))
    .describe(
      'Calls that the upstream answered and that no training has seen, after which a training begins. The next one begins after as many again, and at least half as many as the last one had.',
    ),
  tier: z
    .enum(['nano', 'micro', 'auto'])
    .optional()
    .describe('How big, as with `shoal train --tier`. Not set: nano.'),
  promote: z
    .enum(['certified', 'never'])
    .default('never')
    .describe(
      '"certified": a version whose certificate lets it answer calls, at least as many as the one that serves, serves at once. "never": a person promotes.',
    ),
})

const taskSettingsSchema = z.strictObject({
  risk: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('Share of the local answers that may be wrong, such as 0.02.'),
  delta: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('Probability with which the promise may fail, such as 0.05.'),
  upstream: z.string().min(1).optional().describe('Model that answers what is not answered locally.'),
  paused: z
    .boolean()
    .optional()
    .describe('true: nothing is answered locally. Said here, it holds at each start, over `shoal pause`.'),
  auto: autoSchema.optional().describe('Trains by itself; not set: only a person trains.'),
})

/** Settings by the task's name. */
export const tasksSchema = z.record(
  z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
      'expected a task name: 1 to 64 lower-case letters, digits, ".", "_" or "-"',
    ),
  taskSettingsSchema,
)

export type TaskSettings = z.infer<typeof taskSettingsSchema>
export type AutoSettings = z.infer<typeof autoSchema>

/** Shapes of the admin API: what is asked for, what is answered, and the documentation of both. */
import { z } from 'zod'

export const taskName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    'expected 1 to 64 lower-case letters, digits, ".", "_" or "-"',
  )
  .describe('Name of a task.')
export const callName = z
  .string()
  .regex(/^call_[0-9A-HJKMNP-TV-Z]{26}$/, 'expected call_ and 26 letters and digits')
  .describe('Id of a call, as in the header x-shoal-call-id.')
export const specialistName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?@[1-9][0-9]{0,8}$/, 'expected TASK@VERSION')
  .describe('Name of a version of a specialist, TASK@VERSION.')
export const versionNumber = z.int().min(1).max(999_999_999).describe('Version of a specialist.')
const moment = z.iso.datetime().describe('Moment, ISO 8601, UTC.')
const count = z.int().min(0)
const share = z.number().min(0).max(1)

/** The body of every error. */
const errorBody = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.null(),
    code: z.string().describe('Code of the table of errors, docs/errors.md.'),
  }),
})

/** The errors that any operation may answer with. */
export const commonErrors = {
  400: errorBody.describe('The request is not of the shape that is expected.'),
  401: errorBody.describe('A key is missing or not valid.'),
  403: errorBody.describe('The key, the host or the origin is not allowed.'),
  404: errorBody.describe('What is named does not exist.'),
  405: errorBody.describe('The path does not take this method.'),
  409: errorBody.describe('It cannot be done in the present state.'),
  413: errorBody.describe('The body is too large.'),
  422: errorBody.describe('It is understood, but does not fit the task.'),
  429: errorBody.describe('Too many calls with this key.'),
  500: errorBody.describe('A mistake in Shoal.'),
  503: errorBody.describe('The store is busy; send it again.'),
} as const

export const task = z.object({
  id: taskName,
  kind: z.enum(['classification', 'extraction', 'question-answering', 'generation']),
  labels: z.array(z.string()).optional().describe('The closed set of outputs, where there is one.'),
  risk: share.describe('Share of local answers that may be wrong.'),
  delta: share.describe('Probability that the promise fails by bad luck of the sample.'),
  promise: z.enum(['answers', 'parts']).describe('What the certificate is about.'),
  upstream: z.string().optional().describe('Upstream model of calls to shoal/TASK.'),
  masked: z.boolean(),
  paused: z.boolean(),
  serves: specialistName.optional().describe('The version that serves.'),
  versions: z.array(z.int()),
  demotion: z
    .object({ was: z.string(), why: z.string(), at: z.string() })
    .optional()
    .describe('Why nothing serves, where a test demoted the specialist.'),
})

export const taskChange = z
  .strictObject({
    paused: z.boolean().optional().describe('true: nothing is answered locally.'),
    risk: z.number().gt(0).lt(1).optional().describe('Counts from the next training.'),
    delta: z.number().gt(0).lt(1).optional().describe('Counts from the next training.'),
    upstream: z.string().min(1).max(200).optional(),
  })
  .refine(
    (change) => Object.values(change).some((value) => value !== undefined),
    'expected at least one field',
  )
  .meta({ minProperties: 1 })

export const specialist = z.object({
  id: specialistName,
  tier: z.string(),
  createdAt: z.string(),
  serves: z.boolean(),
  sizeBytes: count,
  certificate: z.object({
    risk: share,
    delta: share,
    threshold: share.optional().describe('Absent: nothing may be answered.'),
    coverage: share.describe('Of the test rows.'),
    errors: count.describe('Among the answered test rows.'),
    stages: z
      .array(
        z.object({
          specialist: specialistName,
          threshold: share.optional().describe('Absent: it answers nothing.'),
          n: count.describe('Test rows that it answered.'),
          errors: count.describe('Among these.'),
        }),
      )
      .optional()
      .describe('Of a cascade: its specialists in the order in which they are asked.'),
    refusal: z.string().optional(),
  }),
  verdict: z.enum(['train', 'do-not-train']).optional(),
})

export const auditFigures = z.object({
  task: taskName,
  serves: specialistName.optional(),
  audits: z
    .object({
      audited: count.describe('Audited calls whose outcome is known.'),
      wrong: count,
      risk: z
        .object({ value: share, low: share, high: share })
        .optional()
        .describe('Mean loss, with bounds that hold at every moment at once.'),
      corrected: count.describe('Audited calls that a person has spoken on too.'),
      foundWrong: count.describe('Wrong answers that people found among calls that were not audited.'),
      allowed: share.optional().describe('Absent while the usual disagreement is being learned.'),
      evidence: z.number().describe('That the risk is above what is allowed, as a bet of one has grown.'),
      needed: z.number().describe('Evidence at which the specialist is demoted.'),
      rate: share.describe('Probability with which the next local answer is audited.'),
      because: z.string().describe('Why the rate is what it is.'),
      drifting: z.array(z.enum(['confidence', 'novelty', 'labels'])),
    })
    .optional()
    .describe('Absent where nothing serves, or this gateway does not audit.'),
})

export const serving = z.object({ task: taskName, serves: z.string().nullable() })

export const call = z.object({
  id: callName,
  at: moment,
  path: z.string(),
  task: z.string().optional(),
  model: z.string().optional(),
  upstream: z.string().optional(),
  servedBy: z.string(),
  reason: z.string(),
  confidence: z.number().optional(),
  streaming: z.boolean(),
  status: z.int(),
  latencyMs: z.number(),
  promptTokens: z.number().optional(),
  completionTokens: z.number().optional(),
  auditOf: z.string().optional(),
  error: z.string().optional(),
  request: z.string().optional().describe('Masked body; in lists only where texts are asked for.'),
  response: z.string().optional(),
})

export const callQuery = z.strictObject({
  task: taskName.optional(),
  since: moment.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  text: z.enum(['true', 'false']).default('false').describe('true: bodies of requests and answers too.'),
})

export const correction = z.strictObject({
  output: z.string().min(1).max(200_000).describe('The right answer, as the upstream would have written it.'),
})

export const corrected = z.object({
  call: callName,
  task: z.string(),
  output: z.string(),
  wasWrong: z.boolean().optional(),
  specialist: z.string().optional(),
})

export const removal = z
  .strictObject({
    task: taskName.optional(),
    user: z.string().min(1).max(500).optional().describe("The end user's id as requests named it."),
    call: callName.optional(),
  })
  .refine((which) => Object.values(which).some((value) => value !== undefined), 'expected task, user or call')
  .meta({ minProperties: 1 })

export const removed = z.object({
  calls: count,
  examples: count,
  corrections: count,
  specialists: z.array(z.string()).describe('Versions that were trained with removed rows; train again.'),
})

export const key = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.enum(['calls', 'admin']),
  tasks: z.array(z.string()).optional(),
  callsPerMinute: z.number().optional(),
  usdPerMonth: z.number().optional(),
  createdAt: moment,
  revokedAt: moment.optional(),
})

export const keyRequest = z.strictObject({
  name: z.string().min(1).max(100),
  scope: z.enum(['calls', 'admin']).default('calls'),
  tasks: z
    .array(taskName)
    .min(1)
    .max(1000)
    .optional()
    .describe('Tasks that its calls may be of; absent: all.'),
  callsPerMinute: z.int().min(1).max(1_000_000).optional(),
  usdPerMonth: z
    .number()
    .min(0)
    .max(1e9)
    .optional()
    .describe('US dollars that may be spent upstream in a month.'),
})

export const madeKey = key.extend({ secret: z.string().describe('Shown this once.') })

const joules = z.object({ low: z.number(), high: z.number() })

const ledgerTotals = z.object({
  calls: count,
  local: count,
  audits: count,
  unpriced: count,
  counted: count,
  promptTokens: z.number(),
  completionTokens: z.number(),
  cachedTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  costUsd: z.number(),
  auditUsd: z.number(),
  avoidedUsd: z.number(),
  cpuMs: z.number(),
  energyJoules: z.number(),
  upstreamJoules: joules.describe('Estimated.'),
  avoidedJoules: joules.describe('Estimated.'),
})

export const ledgerQuery = z.strictObject({
  by: z.enum(['task', 'tier', 'model', 'key', 'day', 'hour', 'minute']).optional(),
  task: taskName.optional(),
  since: moment.optional(),
  until: moment.optional(),
})

export const ledgerAnswer = z.object({
  totals: ledgerTotals,
  groups: z.array(ledgerTotals.extend({ name: z.string().optional(), from: moment.optional() })).optional(),
})

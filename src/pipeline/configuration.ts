/** Every setting of `shoal.yaml`, with its default and what it means: this schema checks, fills in and documents. */
import { z } from 'zod'
import { priceOverrideSchema } from '../meter/prices.ts'
import { auditSchema } from './configuration/audit.ts'
import { costsSchema, energySchema } from './configuration/energy.ts'
import { keepSchema } from './configuration/keep.ts'
import { tasksSchema } from './configuration/tasks.ts'
import { upstreamsSchema } from './configuration/upstreams.ts'
import { optionalTime, size, time } from './configuration/values.ts'

const server = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. The default takes calls from this machine only.'),
  port: z.int().min(0).max(65535).default(4114).describe('Port to listen on; 0 takes any free one.'),
  bodyLimit: size('32MiB', 'Largest body of a chat call; larger ones are refused with 413.'),
  allowedHosts: z
    .array(z.string().min(1).toLowerCase())
    .default([])
    .describe(
      'Names that clients may call the gateway by, besides those of this machine, as behind a proxy: shoal.example. Beyond loopback, where not empty, the only ones.',
    ),
  allowedOrigins: z
    .array(z.url({ protocol: /^https?$/, error: 'expected an origin such as https://app.example' }))
    .default([])
    .describe('Web pages that may call the gateway from a browser, by their origin: https://app.example.'),
  shutdown: time('10s', 'How long calls under way may go on when the gateway is told to stop.'),
})

const upstream = z.strictObject({
  url: z
    .union([
      z.url({ protocol: /^https?$/, error: 'expected an http or https address, or none' }),
      z.literal('none'),
    ])
    .optional()
    .describe(
      'Base address of the large model\'s API, with its path: https://host/v1. "none": what is not answered locally is refused. Default: OPENAI_BASE_URL, or else OpenAI\'s.',
    ),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe(
      `Key for calls that bring none of their own (no Authorization header, or "Bearer shoal"). Write \${NAME} to read it from the environment. Default: OPENAI_API_KEY.`,
    ),
  connectTimeout: time('10s', 'Longest wait for a connection.'),
  answerTimeout: time(
    '10m',
    'Longest wait of a client for an answer, or for the first event of a streamed one, whatever is tried in that time.',
  ),
  silenceTimeout: time('2m', 'Longest silence inside an answer.'),
  maxForwarding: z
    .int()
    .min(1)
    .default(1024)
    .describe('Calls on their way to the upstream at one moment; more are refused with 503.'),
  retries: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe(
      'Retries on an upstream that failed, as a share of its calls, 0 to 1. Sending a call on to another upstream is not one.',
    ),
  hedgeAfter: optionalTime(
    'A second upstream is asked too where the first has not answered a call in one piece by then; the faster one wins, and both may cost. Not set: never.',
  ),
})

const calls = z.strictObject({
  durability: z
    .enum(['group', 'strict'])
    .default('group')
    .describe(
      '"group": calls are written at most 20 ms late and answers do not wait. "strict": an answer waits until its call would survive a power cut.',
    ),
  keepTextUpTo: size('1MiB', 'Bodies of forwarded calls that are larger are kept without their text.'),
})

const local = z.strictObject({
  answers: z
    .boolean()
    .default(true)
    .describe('false: nothing is answered locally; calls are still forwarded and kept.'),
  memory: size(
    '1GiB',
    'Memory for the weights of specialists. They are loaded when first called; where all do not fit, those not called for longest leave.',
  ),
})

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
    .describe('What is logged to stderr, as JSON lines. Keys and headers of calls never are.'),
  calls: z
    .enum(['none', 'lines', 'texts'])
    .default('none')
    .describe(
      '"lines": a line for each call, without its texts. "texts": with them, personal data masked as where calls are kept. Whatever the level.',
    ),
})

export const configurationSchema = z.strictObject({
  server: server.prefault({}).describe('Where the gateway listens.'),
  upstream: upstream.prefault({}).describe('The large model behind the gateway.'),
  upstreams: upstreamsSchema
    .optional()
    .describe(
      'Several large models, by name, in the order in which they are tried; in place of upstream.url.',
    ),
  calls: calls.prefault({}).describe('How calls are kept.'),
  keep: keepSchema.prefault({}).describe('How long calls are kept, and how many.'),
  local: local.prefault({}).describe('Answers of specialists.'),
  audit: auditSchema.prefault({}).describe('Checks of local answers with the upstream.'),
  tasks: tasksSchema.default({}).describe('Tasks by name.'),
  prices: priceOverrideSchema
    .optional()
    .describe('Your own prices, in US dollars for a million tokens, over the table that Shoal brings.'),
  energy: energySchema.prefault({}).describe('What work on this machine comes to in joules.'),
  costs: costsSchema.prefault({}).describe('What work on this machine costs.'),
  log: log.prefault({}).describe('The log.'),
})

/** All settings, checked and filled in; times in milliseconds, sizes in bytes. */
export type Configuration = z.infer<typeof configurationSchema>

/** Every setting of `shoal.yaml`, with its default and what it means: this schema checks, fills in and documents. */
import { z } from 'zod'
import { priceOverrideSchema } from '../meter/prices.ts'
import { auditSchema } from './configuration/audit.ts'

/** A time as it is written (`500ms`, `10s`, `5m`, `1h`), read as milliseconds. */
const time = (initial: string, description: string) =>
  z
    .string('expected a time such as 500ms, 10s or 5m')
    .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'expected a time such as 500ms, 10s or 5m')
    .transform(milliseconds)
    .prefault(initial)
    .describe(description)

/** A size as it is written (`64KiB`, `32MiB`, `1GiB`), read as bytes. */
const size = (initial: string, description: string) =>
  z
    .string('expected a size such as 64KiB, 32MiB or 1GiB')
    .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB)$/, 'expected a size such as 64KiB, 32MiB or 1GiB')
    .transform(bytes)
    .prefault(initial)
    .describe(description)

const server = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. The default takes calls from this machine only.'),
  port: z.int().min(0).max(65535).default(4114).describe('Port to listen on; 0 takes any free one.'),
  bodyLimit: size('32MiB', 'Largest body of a chat call; larger ones are refused with 413.'),
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
  answerTimeout: time('10m', 'Longest wait for an answer to begin.'),
  silenceTimeout: time('2m', 'Longest silence inside an answer.'),
  maxForwarding: z
    .int()
    .min(1)
    .default(1024)
    .describe('Calls on their way to the upstream at one moment; more are refused with 503.'),
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
})

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
    .describe('What is logged to stderr, as JSON lines. Texts, keys and headers of calls never are.'),
})

export const configurationSchema = z.strictObject({
  server: server.prefault({}).describe('Where the gateway listens.'),
  upstream: upstream.prefault({}).describe('The large model behind the gateway.'),
  calls: calls.prefault({}).describe('How calls are kept.'),
  local: local.prefault({}).describe('Answers of specialists.'),
  audit: auditSchema.prefault({}).describe('Checks of local answers with the upstream.'),
  prices: priceOverrideSchema
    .optional()
    .describe('Your own prices, in US dollars for a million tokens, over the table that Shoal brings.'),
  log: log.prefault({}).describe('The log.'),
})

/** All settings, checked and filled in; times in milliseconds, sizes in bytes. */
export type Configuration = z.infer<typeof configurationSchema>

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const unitBytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const

function milliseconds(text: string): number {
  return inUnits(text, unitMs)
}

function bytes(text: string): number {
  return Math.round(inUnits(text, unitBytes))
}

function inUnits(text: string, units: { readonly [unit: string]: number }): number {
  const unit = /[a-z]+$/i.exec(text)?.[0] ?? ''
  return Number.parseFloat(text) * (units[unit] ?? Number.NaN)
}

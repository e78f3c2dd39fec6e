/** The section `upstreams` of `shoal.yaml`: several large models behind the gateway, by name, in the order in which they are tried. */
import { z } from 'zod'
import { optionalTime, time } from './values.ts'

const memberSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected an http or https address' })
    .describe(
      'Base address. OpenAI-shaped: with the path that stands for /v1. Anthropic-shaped: as its SDKs take it, without /v1.',
    ),
  shape: z
    .enum(['openai', 'anthropic'])
    .default('openai')
    .describe('Whose API it speaks: /v1/messages goes to those of Anthropic, all else to those of OpenAI.'),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe(
      `Its key, \${NAME} to read it from the environment. With one, clients' own keys never go there; without one, only those of calls for which it is the first choice.`,
    ),
  models: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Models that it takes, "*" for any text: [gpt-*, o3]. Not set: all.'),
  modelMap: z
    .record(z.string().min(1), z.string().min(1))
    .optional()
    .describe('Name in requests: its own name for that model. The ledger prices its own name.'),
  maxConcurrent: z
    .int()
    .min(1)
    .default(1024)
    .describe('Calls at one moment; more wait for queueTimeout and then go to the next upstream.'),
  queueTimeout: time('1s', 'Longest wait for one of the places of maxConcurrent.'),
  connectTimeout: optionalTime('As in `upstream`.'),
  answerTimeout: optionalTime(
    'Longest wait for this upstream before the next is tried. Not set: a fair share of upstream.answerTimeout, which is the longest over all.',
  ),
  silenceTimeout: optionalTime('As in `upstream`.'),
})

/** Upstreams by name, in the order in which they are tried. */
export const upstreamsSchema = z.record(
  z
    .string()
    .regex(
      /^(?!shoal$)[a-z0-9][a-z0-9._-]{0,62}$/,
      'expected a name of lower-case letters, digits, ".", "_" or "-", and not "shoal"',
    ),
  memberSchema,
)

/** What `shoal serve --help-config` shows, since a record has no defaults to show. */
export const upstreamsExample: readonly string[] = [
  '# upstreams:',
  '#   first:',
  '#     url: https://llm.example.test/v1',
  '#     shape: openai  # or anthropic: gets /v1/messages',
  `#     apiKey: \${FIRST_KEY}`,
  '#     models: [gpt-*]  # not set: all. A model named first/NAME goes here and nowhere else.',
  '#     maxConcurrent: 64',
  '#     queueTimeout: 1s',
  '#   second:  # is tried where first fails',
  '#     url: https://other.example.test/v1',
  `#     apiKey: \${SECOND_KEY}`,
  '#     modelMap: { gpt-4.1-mini: its-own-name }',
  '#     answerTimeout: 60s',
]

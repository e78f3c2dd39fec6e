/**
 * The shapes of Anthropic's Messages API (`POST /v1/messages`), as far as Shoal reads them.
 * Loose on purpose: unknown fields pass, and what does not fit these schemas is forwarded, not refused.
 */
import { z } from 'zod'

/** A part of a message: text, image, tool use, tool result, thinking. */
const contentBlockSchema = z.looseObject({ type: z.string(), text: z.string().optional() })

const messageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(contentBlockSchema)]),
})

/** A request of `POST /v1/messages`. */
export const anthropicRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(messageSchema).min(1),
  system: z.union([z.string(), z.array(contentBlockSchema)]).nullish(),
  max_tokens: z.int().nullish(),
  stream: z.boolean().nullish(),
  tools: z.array(z.looseObject({})).nullish(),
})

/**
 * Tokens as Anthropic reports them: `input_tokens` are those that the cache had no part in, so a prompt has the sum of
 * the three inputs; the parts of `cache_creation` add up to `cache_creation_input_tokens`.
 */
const anthropicUsageSchema = z.looseObject({
  input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  cache_creation: z
    .looseObject({
      ephemeral_5m_input_tokens: z.number().nullish(),
      ephemeral_1h_input_tokens: z.number().nullish(),
    })
    .nullish(),
  output_tokens: z.number().nullish(),
})

/** The answer of `POST /v1/messages` without streaming. */
export const anthropicResponseSchema = z.looseObject({
  type: z.literal('message'),
  model: z.string().optional(),
  role: z.string().optional(),
  content: z.array(contentBlockSchema),
  stop_reason: z.string().nullish(),
  usage: anthropicUsageSchema.nullish().catch(undefined),
})

export type AnthropicUsage = z.infer<typeof anthropicUsageSchema>

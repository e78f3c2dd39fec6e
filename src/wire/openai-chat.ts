/**
 * The shapes of OpenAI's chat-completions API, as far as Shoal reads them.
 * Loose on purpose: unknown fields pass, and what does not fit these schemas is forwarded, not refused.
 */
import { z } from 'zod'
import type { Json } from '../base/json.ts'

/** Any member of parsed JSON: walking it again to check what the parser guarantees would cost more than all the rest. */
const jsonSchema = z.custom<Json>((value) => value !== undefined)

const contentPartSchema = z.looseObject({ type: z.string(), text: z.string().optional() })

const chatMessageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(contentPartSchema)]).nullish(),
})

/** A request of `POST /v1/chat/completions`. */
export const chatRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(chatMessageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().nullish(),
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  modalities: z.array(z.string()).nullish(),
  tools: z.array(jsonSchema).nullish(),
  response_format: jsonSchema.optional(),
})

const usageSchema = z.looseObject({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  prompt_tokens_details: z
    .looseObject({
      cached_tokens: z.number().nullish(),
      audio_tokens: z.number().nullish(),
      /** Not OpenAI's: how LiteLLM and OpenRouter say what Anthropic wrote to its cache. */
      cache_creation_tokens: z.number().nullish(),
      cache_write_tokens: z.number().nullish(),
    })
    .nullish(),
  completion_tokens_details: z
    .looseObject({ reasoning_tokens: z.number().nullish(), audio_tokens: z.number().nullish() })
    .nullish(),
})

const likelihood = { token: z.string(), logprob: z.number() }
const tokenSchema = z.looseObject({
  ...likelihood,
  top_logprobs: z.array(z.looseObject(likelihood)).nullish(),
})

/** The answer of `POST /v1/chat/completions` without streaming. */
export const chatResponseSchema = z.looseObject({
  choices: z.array(
    z.looseObject({
      index: z.int().optional(),
      message: z.looseObject({ role: z.string().optional(), content: z.string().nullish() }),
      finish_reason: z.string().nullish(),
      // Log-probabilities of another shape are none.
      logprobs: z
        .looseObject({ content: z.array(tokenSchema).nullish() })
        .nullish()
        .catch(undefined),
    }),
  ),
  // A usage of another shape is none; the answer is one all the same.
  usage: usageSchema.nullish().catch(undefined),
})

/** One event of a streamed answer. */
export const chatChunkSchema = z.looseObject({
  id: z.string().optional(),
  created: z.number().optional(),
  model: z.string().optional(),
  choices: z.array(
    z.looseObject({
      index: z.int().optional(),
      delta: z.looseObject({}).nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
  // A usage of another shape is none; the answer is one all the same.
  usage: usageSchema.nullish().catch(undefined),
})

/** The answer of `GET /v1/models`. */
export const modelListSchema = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) })

export type ChatMessage = z.infer<typeof chatMessageSchema>
export type ChatRequest = z.infer<typeof chatRequestSchema>
export type ChatUsage = z.infer<typeof usageSchema>

/** A chat request, or `undefined` where the value has another shape. */
export function readChatRequest(value: Json): ChatRequest | undefined {
  return chatRequestSchema.safeParse(value).data
}

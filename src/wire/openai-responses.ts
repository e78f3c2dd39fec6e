/**
 * The shapes of OpenAI's Responses API (`POST /v1/responses`), as far as Shoal reads them.
 * Loose on purpose: unknown fields pass, and what does not fit these schemas is forwarded, not refused.
 */
import { z } from 'zod'
import type { Json } from '../base/json.ts'

const contentPartSchema = z.looseObject({ type: z.string(), text: z.string().optional() })

/** A message, a tool call, the output of a tool, hidden reasoning. */
const itemSchema = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(contentPartSchema)]).nullish(),
})

/** A request of `POST /v1/responses`. */
export const responsesRequestSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(itemSchema)]).nullish(),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  tools: z.array(z.custom<Json>((value) => value !== undefined)).nullish(),
  /** The earlier answer that this one goes on from; its texts are with the upstream. */
  previous_response_id: z.string().nullish(),
})

/** Tokens as the Responses API reports them; cached ones are part of the input, reasoning is part of the output. */
const responsesUsageSchema = z.looseObject({
  input_tokens: z.number(),
  input_tokens_details: z.looseObject({ cached_tokens: z.number().nullish() }).nullish(),
  output_tokens: z.number(),
  output_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
})

/** The answer of `POST /v1/responses` without streaming. */
export const responsesResponseSchema = z.looseObject({
  object: z.literal('response'),
  id: z.string().optional(),
  model: z.string().optional(),
  status: z.string().nullish(),
  output: z.array(itemSchema),
  usage: responsesUsageSchema.nullish().catch(undefined),
})

/** Events of a streamed answer whose members are read; others pass. */
export const responsesEventSchema = z.looseObject({
  type: z.string(),
  /** Of `response.created`, `response.completed`, `response.incomplete` and `response.failed`: the answer so far. */
  response: z.looseObject({ object: z.literal('response') }).optional(),
  /** Of `response.output_text.delta` and its like. */
  delta: z.string().optional(),
})

export type ResponsesUsage = z.infer<typeof responsesUsageSchema>

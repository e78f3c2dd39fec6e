/**
 * Tokens of a call: as the upstream reported them, else counted here.
 * The rule for counting: a quarter of the UTF-8 bytes of a text, rounded up, and four tokens for every message.
 */
import { tryParseJson } from '../base/json.ts'
import type { Call, Usage } from '../wire/call.ts'
import { type ChatUsage, chatRequestSchema, chatResponseSchema } from '../wire/openai-chat.ts'
import { estimatedPromptTokens, estimatedTokens } from '../wire/token-estimate.ts'

/** The usage of a chat answer, or of the last event of a streamed one, in our words. */
export function reportedUsage(usage: ChatUsage | null | undefined): Usage | undefined {
  if (!usage) return undefined
  const cached = usage.prompt_tokens_details?.cached_tokens ?? undefined
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    ...(cached !== undefined && { cachedTokens: cached }),
    source: 'reported',
  }
}

/** The usage of a kept call: its own, else what its answer reports, else counted; `undefined` where its texts cannot be read. */
export function usageOfCall(call: Call): Usage | undefined {
  if (call.usage) return call.usage
  if (call.wire !== 'openai-chat' || call.request === undefined || call.response === undefined)
    return undefined
  const answer = chatResponseSchema.safeParse(tryParseJson(call.response)).data
  const request = chatRequestSchema.safeParse(tryParseJson(call.request)).data
  if (!answer || !request) return undefined
  return (
    reportedUsage(answer.usage) ?? {
      promptTokens: estimatedPromptTokens(request),
      completionTokens: answer.choices.reduce((sum, { message }) => sum + answerTokens(message), 0),
      source: 'counted',
    }
  )
}

function answerTokens(message: {
  readonly content?: string | null | undefined
  readonly [name: string]: unknown
}): number {
  return estimatedTokens(message.content ?? '') + toolTokens(message['tool_calls'])
}

function toolTokens(calls: unknown): number {
  return Array.isArray(calls) ? estimatedTokens(JSON.stringify(calls)) : 0
}

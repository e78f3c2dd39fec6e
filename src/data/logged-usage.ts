/** Tokens of a logged call, by whatever names its log has them. */
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Usage } from '../wire/call.ts'

/**
 * Usage in the words of the OpenAI API (`prompt_tokens`), of the Anthropic API (`input_tokens`, where the cache's tokens
 * stand beside and not in them) or of Langfuse (`input`); `undefined` where the tokens are not both there.
 */
export function loggedUsage(usage: Json | undefined): Usage | undefined {
  if (!isJsonObject(usage)) return undefined
  return openaiUsage(usage) ?? anthropicUsage(usage) ?? langfuseUsage(usage)
}

function openaiUsage(usage: JsonObject): Usage | undefined {
  const prompt = count(usage, 'prompt_tokens', 'promptTokens')
  const completion = count(usage, 'completion_tokens', 'completionTokens')
  if (prompt === undefined || completion === undefined) return undefined
  const cached = countIn(usage['prompt_tokens_details'], 'cached_tokens')
  const reasoning = countIn(usage['completion_tokens_details'], 'reasoning_tokens')
  return {
    promptTokens: prompt,
    completionTokens: completion,
    ...(cached !== undefined && { cachedTokens: cached }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    source: 'reported',
  }
}

function anthropicUsage(usage: JsonObject): Usage | undefined {
  const input = count(usage, 'input_tokens')
  const output = count(usage, 'output_tokens')
  if (input === undefined || output === undefined) return undefined
  const read = count(usage, 'cache_read_input_tokens')
  const written = count(usage, 'cache_creation_input_tokens')
  return {
    promptTokens: input + (read ?? 0) + (written ?? 0),
    completionTokens: output,
    ...(read !== undefined && { cachedTokens: read }),
    ...(written !== undefined && { cacheWriteTokens: written }),
    source: 'reported',
  }
}

/** `usageDetails`: `input` and `output` are the parts that no other key names; kinds beside them begin with their names. */
function langfuseUsage(usage: JsonObject): Usage | undefined {
  const input = count(usage, 'input')
  const output = count(usage, 'output')
  if (input === undefined || output === undefined) return undefined
  const cached = count(usage, 'input_cached_tokens', 'cache_read_input_tokens', 'input_cache_read')
  const written = count(usage, 'cache_creation_input_tokens', 'input_cache_creation')
  const reasoning = count(usage, 'output_reasoning_tokens', 'reasoning_tokens', 'output_reasoning')
  return {
    promptTokens: input + (cached ?? 0) + (written ?? 0),
    completionTokens: output + (reasoning ?? 0),
    ...(cached !== undefined && { cachedTokens: cached }),
    ...(written !== undefined && { cacheWriteTokens: written }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    source: 'reported',
  }
}

function count(usage: JsonObject, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = Number(usage[name] ?? Number.NaN)
    if (Number.isFinite(value) && value >= 0) return Math.round(value)
  }
  return undefined
}

function countIn(details: Json | undefined, name: string): number | undefined {
  return isJsonObject(details) ? count(details, name) : undefined
}

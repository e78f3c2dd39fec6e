/** What a kept call asked and what it was answered, out of its bodies. */
import { type Json, tryParseJson } from '../base/json.ts'
import type { TokenChoice } from '../task/soft-label.ts'
import type { Prompt } from '../task/types.ts'
import { anthropicAnswer, anthropicPrompt } from '../wire/anthropic-prompt.ts'
import type { Call } from '../wire/call.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { chatResponseSchema, readChatRequest } from '../wire/openai-chat.ts'

/** The prompt of a kept chat call; `undefined` where it is no chat call or holds more than text. */
export function keptPrompt({ wire, request }: Call): Prompt | undefined {
  const body = parsed(request)
  if (body === undefined) return undefined
  if (wire === 'anthropic-messages') return anthropicPrompt(body)
  const chat = wire === 'openai-chat' ? readChatRequest(body) : undefined
  return chat && promptOf(chat)
}

/** The text that a kept chat call was answered with; `undefined` where it was not one text. */
export function keptAnswer({ wire, response }: Call): string | undefined {
  const body = parsed(response)
  if (body === undefined) return undefined
  if (wire === 'anthropic-messages') {
    const answer = anthropicAnswer(body)
    return typeof answer === 'object' ? answer.text : undefined
  }
  if (wire !== 'openai-chat') return undefined
  return chatResponseSchema.safeParse(body).data?.choices[0]?.message.content ?? undefined
}

/** The tokens of a kept chat call's answer with their log-probabilities, where the upstream gave them. */
export function keptTokens({ wire, response }: Call): readonly TokenChoice[] | undefined {
  // Most answers have none, and parsing them all once more would be felt.
  if (wire !== 'openai-chat' || !response?.includes('"top_logprobs"')) return undefined
  const answer = chatResponseSchema.safeParse(tryParseJson(response)).data?.choices[0]
  return answer?.logprobs?.content ?? undefined
}

function parsed(text: string | undefined): Json | undefined {
  return text === undefined ? undefined : tryParseJson(text)
}

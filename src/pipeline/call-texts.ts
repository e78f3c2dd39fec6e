/** What a kept chat call asked and what it was answered, out of its bodies. */
import { tryParseJson } from '../base/json.ts'
import type { Prompt } from '../task/types.ts'
import type { Call } from '../wire/call.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { chatResponseSchema, readChatRequest } from '../wire/openai-chat.ts'

/** The prompt of a kept chat call; `undefined` where it is no chat call or holds more than text. */
export function keptPrompt({ wire, request }: Call): Prompt | undefined {
  const parsed = wire === 'openai-chat' && request !== undefined ? tryParseJson(request) : undefined
  const chat = parsed === undefined ? undefined : readChatRequest(parsed)
  return chat && promptOf(chat)
}

/** The text that a kept chat call was answered with; `undefined` where it was not one text. */
export function keptAnswer({ response }: Call): string | undefined {
  const parsed = response === undefined ? undefined : tryParseJson(response)
  return chatResponseSchema.safeParse(parsed).data?.choices[0]?.message.content ?? undefined
}

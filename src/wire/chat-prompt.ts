/** A chat request reduced to the texts that a task's template compares; the inverse direction is not needed. */
import type { Json } from '../base/json.ts'
import type { Message, Prompt } from '../task/types.ts'
import type { ChatMessage, ChatRequest } from './openai-chat.ts'

/**
 * The request as roles and texts; text parts of one message are joined.
 * `undefined` where a message holds anything else: images, audio, files, tool calls, a name.
 */
export function promptOf(request: ChatRequest): Prompt | undefined {
  const messages: Message[] = []
  for (const message of request.messages) {
    const content = textOnly(message)
    if (content === undefined) return undefined
    messages.push({ role: message.role, content })
  }
  const format: Json | undefined = request.response_format
  const tools: readonly Json[] | null | undefined = request.tools
  const isPlain = format === undefined || format === null
  const hasTools = tools !== undefined && tools !== null && tools.length > 0
  return {
    messages,
    ...(!isPlain && { responseFormat: format }),
    ...(hasTools && { tools }),
  }
}

function textOnly(message: ChatMessage): string | undefined {
  for (const key in message) {
    if (key === 'role' || key === 'content') continue
    const value = message[key]
    if (value !== null && value !== undefined) return undefined
  }
  return textOfContent(message.content)
}

function textOfContent(content: ChatMessage['content']): string | undefined {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return undefined
  let text = ''
  for (const part of content) {
    if (part.type !== 'text' || part.text === undefined) return undefined
    text += part.text
  }
  return text
}

/** How many tokens a text has, roughly: a quarter of its UTF-8 bytes, which suits English and Chinese within a third. */
import type { ChatRequest } from './openai-chat.ts'

const bytesPerToken = 4
/** What a message costs besides its text. */
const tokensPerMessage = 4

/** Tokens of a text, estimated. */
export function estimatedTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

/** Tokens of a prompt, estimated from the texts of its messages. */
export function estimatedPromptTokens(chat: Pick<ChatRequest, 'messages'>): number {
  let tokens = 0
  for (const { content } of chat.messages) {
    tokens += tokensPerMessage
    if (typeof content === 'string') tokens += estimatedTokens(content)
    else for (const part of content ?? []) tokens += estimatedTokens(part.text ?? '')
  }
  return tokens
}

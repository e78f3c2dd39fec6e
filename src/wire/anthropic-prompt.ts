/** An Anthropic request reduced to the texts that a task's template compares, and the text of its answer. */
import { isJsonObject, type Json } from '../base/json.ts'
import type { Message, Prompt } from '../task/types.ts'
import { anthropicRequestSchema, anthropicResponseSchema } from './anthropic-messages.ts'

/** Text, or the blocks of a message or of a system prompt. */
type Content = string | readonly { readonly type: string; readonly text?: string | undefined }[]

/**
 * A request of `POST /v1/messages` as roles and texts, the system prompt first; text blocks of one message are joined.
 * `undefined` where it is no such request or holds anything but text: images, documents, uses of tools and their results.
 */
export function anthropicPrompt(value: Json): Prompt | undefined {
  const request = anthropicRequestSchema.safeParse(value).data
  if (request === undefined) return undefined
  const messages: Message[] = []
  const system = request.system ?? ''
  if (system.length > 0) {
    const content = textOf(system)
    if (content === undefined) return undefined
    messages.push({ role: 'system', content })
  }
  for (const { role, content } of request.messages) {
    const text = textOf(content)
    if (text === undefined) return undefined
    messages.push({ role, content: text })
  }
  const format = formatOf(value)
  const tools = toolsOf(value)
  return {
    messages,
    ...(format !== undefined && { responseFormat: format }),
    ...(tools !== undefined && { tools }),
  }
}

/**
 * The text of an answer, or why there is none to learn from: it was cut off or refused, uses tools, or holds no text.
 * Blocks of thinking are no part of the answer.
 */
export function anthropicAnswer(value: Json): { readonly text: string } | string {
  const response = anthropicResponseSchema.safeParse(value).data
  if (response === undefined) return 'the answer has no message'
  if (response.stop_reason === 'max_tokens') return 'the answer was cut off'
  if (response.stop_reason === 'pause_turn') return 'the answer was cut off'
  if (response.stop_reason === 'refusal') return 'the model refused'
  if (response.content.some(({ type }) => type.endsWith('tool_use'))) return 'the answer calls tools'
  const text = response.content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('')
  return text === '' ? 'the answer has no text' : { text }
}

function textOf(content: Content): string | undefined {
  if (typeof content === 'string') return content
  let text = ''
  for (const block of content) {
    if (block.type !== 'text' || block.text === undefined) return undefined
    text += block.text
  }
  return text
}

/** What the answer must look like: `output_config.format`, or `output_format` as earlier versions of the API call it. */
function formatOf(value: Json): Json | undefined {
  const config = memberOf(value, 'output_config')
  return (config === undefined ? undefined : memberOf(config, 'format')) ?? memberOf(value, 'output_format')
}

function toolsOf(value: Json): Json | undefined {
  const tools = memberOf(value, 'tools')
  return Array.isArray(tools) && tools.length > 0 ? tools : undefined
}

function memberOf(value: Json, name: string): Json | undefined {
  return isJsonObject(value) ? (value[name] ?? undefined) : undefined
}

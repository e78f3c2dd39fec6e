/** Puts a streamed chat answer together again, as the one completion that the same request would have had without streaming. */
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import { type ChatUsage, chatChunkSchema } from './openai-chat.ts'

export interface ChatAssembler {
  /** Takes the data of one event; what is not a chunk is left out. */
  push(data: string): void
  /** True once `[DONE]` came. */
  readonly isDone: boolean
  /** The completion so far as JSON text; `undefined` where no chunk came. */
  text(): string | undefined
  /** What the upstream reported, where `stream_options.include_usage` was set. */
  usage(): ChatUsage | undefined
}

interface Choice {
  readonly message: { [key: string]: Json }
  readonly toolCalls: Map<number, { [key: string]: Json }>
  finishReason: string | null
}

/** Assembles chunks; holds the text of one answer. */
export function chatAssembler(): ChatAssembler {
  const choices = new Map<number, Choice>()
  let head: { [key: string]: Json } | undefined
  let usage: ChatUsage | undefined
  let isDone = false
  return {
    push: (data) => {
      if (data === '[DONE]') {
        isDone = true
        return
      }
      const chunk = chatChunkSchema.safeParse(tryParseJson(data)).data
      if (!chunk) return
      head ??= { id: chunk.id ?? '', created: chunk.created ?? 0, model: chunk.model ?? '' }
      if (chunk.usage) usage = chunk.usage
      for (const { index = 0, delta, finish_reason } of chunk.choices) {
        const choice = choices.get(index) ?? { message: {}, toolCalls: new Map(), finishReason: null }
        choices.set(index, choice)
        if (isJsonObject(delta)) addDelta(choice, delta)
        if (finish_reason) choice.finishReason = finish_reason
      }
    },
    get isDone() {
      return isDone
    },
    text: () => {
      if (!head) return undefined
      const { id, ...rest } = head
      return JSON.stringify({
        id,
        object: 'chat.completion',
        ...rest,
        choices: [...choices].sort(([a], [b]) => a - b).map(writeChoice),
        ...(usage && { usage }),
      })
    },
    usage: () => usage,
  }
}

function writeChoice([index, choice]: readonly [number, Choice]): Json {
  const calls = [...choice.toolCalls].sort(([a], [b]) => a - b).map(([, call]) => call)
  return {
    index,
    message: {
      role: 'assistant',
      content: null,
      ...choice.message,
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    finish_reason: choice.finishReason,
  }
}

function addDelta(choice: Choice, delta: { readonly [key: string]: Json }): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'role' || value === null) continue
    if (key === 'tool_calls' && Array.isArray(value)) addToolCalls(choice, value)
    else choice.message[key] = grown(choice.message[key], value)
  }
}

function addToolCalls(choice: Choice, deltas: readonly Json[]): void {
  for (const delta of deltas) {
    if (!isJsonObject(delta)) continue
    const { index, ...rest } = delta
    const at = typeof index === 'number' ? index : choice.toolCalls.size
    const call = choice.toolCalls.get(at) ?? {}
    choice.toolCalls.set(at, call)
    for (const [key, value] of Object.entries(rest)) {
      const isConstant = key === 'id' || key === 'type'
      call[key] = isConstant ? value : grown(call[key], value)
    }
  }
}

/** Texts grow by what comes, objects member by member; anything else is replaced. */
function grown(before: Json | undefined, value: Json): Json {
  if (typeof before === 'string' && typeof value === 'string') return before + value
  if (!isJsonObject(before) || !isJsonObject(value)) return value
  const result: { [key: string]: Json } = { ...before }
  for (const [key, member] of Object.entries(value)) result[key] = grown(result[key], member)
  return result
}

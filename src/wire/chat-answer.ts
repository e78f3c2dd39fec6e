/** Writes the answers of a specialist in the shapes of the chat-completions API: one completion, or the events of a stream. */
import type { Usage } from './call.ts'

export interface LocalAnswer {
  /** Without the prefix `chatcmpl-`. */
  readonly id: string
  readonly createdSeconds: number
  /** As the request named it. */
  readonly model: string
  readonly text: string
  readonly usage: Usage
}

/** The body of an answer without streaming. */
export function completionBody(answer: LocalAnswer): string {
  return `{${head(answer, 'chat.completion')},"choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(answer.text)},"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":${usageText(answer.usage)}}`
}

/**
 * The whole of a streamed answer: role, content, finish, usage where it was asked for, `[DONE]`.
 * A specialist's answer is there all at once, so its events are written in one piece.
 */
export function completionEvents(answer: LocalAnswer, options: { readonly includeUsage: boolean }): string {
  const start = `data: {${head(answer, 'chat.completion.chunk')},"choices":[`
  const usage = options.includeUsage ? ',"usage":null' : ''
  const choice = (delta: string, finish: string): string =>
    `${start}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]${usage}}\n\n`
  const content = JSON.stringify(answer.text)
  return (
    choice('{"role":"assistant","content":"","refusal":null}', 'null') +
    choice(`{"content":${content}}`, 'null') +
    choice('{}', '"stop"') +
    (options.includeUsage ? `${start}],"usage":${usageText(answer.usage)}}\n\n` : '') +
    'data: [DONE]\n\n'
  )
}

function head(answer: LocalAnswer, object: string): string {
  return `"id":"chatcmpl-${answer.id}","object":"${object}","created":${answer.createdSeconds},"model":${JSON.stringify(answer.model)}`
}

function usageText(usage: Usage): string {
  const { promptTokens, completionTokens } = usage
  return `{"prompt_tokens":${promptTokens},"completion_tokens":${completionTokens},"total_tokens":${promptTokens + completionTokens}}`
}

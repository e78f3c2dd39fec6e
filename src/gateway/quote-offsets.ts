/** Where a quote stands in the request that it was taken from, for the header `x-shoal-answer-offsets`. */
import type { TaskInput, TaskOutput } from '../task/types.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { chatOf } from './chat-form.ts'

/**
 * `MESSAGE:START-END` in characters (code points), the message counted from 0 and the end exclusive; of a bare input
 * `context:START-END`. `undefined` for "not there", and where a context is put together out of several places.
 */
export function quoteOffsets(
  requestText: string,
  {
    input,
    output,
    isBare,
  }: { readonly input: TaskInput; readonly output: TaskOutput; readonly isBare: boolean },
): string | undefined {
  if (output.kind !== 'answer' || output.span === undefined || input.kind !== 'question') return undefined
  const { start, text } = output.span
  if (isBare) return `context:${range(input.context, start, text)}`
  const chat = chatOf(requestText)
  const messages = (chat && promptOf(chat))?.messages ?? []
  const at = messages.findIndex(({ content }) => content.includes(input.context))
  if (at < 0) return undefined
  const { content } = messages[at]!
  return `${at}:${range(content, content.indexOf(input.context) + start, text)}`
}

function range(whole: string, start: number, quote: string): string {
  const first = [...whole.slice(0, start)].length
  return `${first}-${first + [...quote].length}`
}

/** Puts a streamed answer of the Responses API together again: the last event holds it whole. */
import { isJsonObject, type JsonObject, tryParseJson } from '../base/json.ts'
import type { AnswerAssembler } from './answer-assembler.ts'
import { responsesEventSchema } from './openai-responses.ts'

const last = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** Assembles events; where the last one never comes, the text that came stands in the answer that the first event began. */
export function responsesAssembler(): AnswerAssembler {
  let answer: JsonObject | undefined
  let text = ''
  let isDone = false
  return {
    push: (data) => {
      // The deltas are most events, and most of them are long: what is not read is not checked.
      const event = responsesEventSchema.safeParse(tryParseJson(data)).data
      if (!event) return
      if (isJsonObject(event.response)) answer = event.response
      if (event.type === 'response.output_text.delta') text += event.delta ?? ''
      if (last.has(event.type)) isDone = true
    },
    get isDone() {
      return isDone
    },
    text: () => {
      if (!answer) return undefined
      if (isDone || text === '') return JSON.stringify(answer)
      const content = [{ type: 'output_text', text }]
      return JSON.stringify({ ...answer, output: [{ type: 'message', role: 'assistant', content }] })
    },
  }
}

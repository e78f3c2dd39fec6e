/** Takes the events of a streamed answer of Anthropic's Messages API as they come, and gives the one message that they are. */
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import type { AnswerAssembler } from './answer-assembler.ts'
import { messageOfEvents } from './anthropic-stream.ts'

/** Holds the events of one answer; one that breaks off, or ends in an error, is the message that came before. */
export function anthropicAssembler(): AnswerAssembler {
  const events: Json[] = []
  let isDone = false
  return {
    push: (data) => {
      const event = tryParseJson(data)
      if (!isJsonObject(event) || event['type'] === 'error' || event['type'] === 'ping') return
      events.push(event)
      if (event['type'] === 'message_stop') isDone = true
    },
    get isDone() {
      return isDone
    },
    text: () => {
      const message = messageOfEvents(events)
      return message && JSON.stringify(message)
    },
  }
}

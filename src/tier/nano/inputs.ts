// What of a task's input the nano tier reads.
import type { TaskInput } from '../../task/types.ts'

/** The text that features are made of. */
export function textOf(input: TaskInput): string {
  switch (input.kind) {
    case 'text':
      return input.text
    case 'question':
      return `${input.question}\n${input.context}`
    case 'chat':
      return input.messages.map(({ content }) => content).join('\n')
  }
}

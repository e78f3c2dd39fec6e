/** Which task a call belongs to, and what its input is: by header, by the model `shoal/TASK`, or by the prompt's template. */
import { type ModelName, type TaskId, taskId } from '../base/ids.ts'
import { fillTemplate, isDistinctive, matchTemplate, type Slots, textInput } from '../task/template.ts'
import type { Message, Prompt, PromptTemplate, TaskInput } from '../task/types.ts'
import type { ServedTask } from './specialist.ts'
import { templateIndex } from './template-index.ts'

/** The tasks that are known, at one moment. */
export interface TaskBook {
  get(id: TaskId): ServedTask | undefined
  readonly ids: readonly TaskId[]
  /** The task whose template the prompt matches; of several, the one with the most constant text. */
  match(prompt: Prompt): Matched | undefined
}

export interface Matched {
  readonly served: ServedTask
  readonly slots: Slots
}

/** What of a request says which task it is of. */
export interface NamedCall {
  /** The header `x-shoal-task`. */
  readonly header?: string
  readonly model: string
  /** Absent where the messages hold anything else than text. */
  readonly prompt?: Prompt
}

export interface Recognised {
  /** The task that the call is kept under; it need not be known yet where a header names it. */
  readonly task?: TaskId
  readonly served?: ServedTask
  readonly input?: TaskInput
  /** True where the model named the task (`shoal/TASK`), so that the upstream needs another model's name. */
  readonly isByModel: boolean
  /** Upstream model of the call, where one is known. */
  readonly model?: ModelName
  /** What the upstream is sent instead where `shoal/TASK` came with the bare input. */
  readonly filled?: { readonly messages: readonly Message[]; readonly template: PromptTemplate }
}

const modelPrefix = 'shoal/'

/** A book of these tasks, in their order. */
export function taskBook(tasks: readonly ServedTask[]): TaskBook {
  const byId = new Map(tasks.map((served) => [served.task.id, served]))
  const known = tasks.flatMap((served) => {
    const { template } = served.task
    return template && isDistinctive(template) ? [{ served, template }] : []
  })
  const index = templateIndex(known, (entry) => entry.template)
  return {
    get: (id) => byId.get(id),
    ids: [...byId.keys()],
    match: (prompt) => {
      for (const { served, template } of index.candidates(prompt)) {
        const found = matchTemplate(template, prompt)
        if (found) return { served, slots: found.slots }
      }
      return undefined
    },
  }
}

/** The task's id where the model is `shoal/TASK`; throws `usage.invalid` where TASK is no task name. */
export function taskOfModel(model: string): TaskId | undefined {
  return model.startsWith(modelPrefix) ? taskId(model.slice(modelPrefix.length)) : undefined
}

/**
 * Recognises a call; a header goes before the model's name, and both before the template.
 * A task named by header whose template does not match has no input: its calls are still kept under it, which is how
 * templates are learned. `shoal/TASK` takes the text of an only message as the input itself.
 */
export function recognise(call: NamedCall, book: TaskBook): Recognised {
  const byModel = taskOfModel(call.model)
  const named = call.header === undefined ? byModel : taskId(call.header)
  if (named === undefined) return recogniseByTemplate(call, book)
  const served = book.get(named)
  const isByModel = byModel !== undefined
  const model = isByModel ? served?.task.upstream : (call.model as ModelName)
  const base = { task: named, isByModel, ...(served && { served }), ...(model !== undefined && { model }) }
  if (!served || !call.prompt) return base
  const input = matchedInput(served, call.prompt)
  if (input) return { ...base, input }
  return { ...base, ...bareInput(served, call.prompt, isByModel) }
}

function recogniseByTemplate(call: NamedCall, book: TaskBook): Recognised {
  const model = call.model as ModelName
  const found = call.prompt && book.match(call.prompt)
  if (!found) return { isByModel: false, model }
  const { served, slots } = found
  return { task: served.task.id, served, input: textInput(slots), isByModel: false, model }
}

function matchedInput(served: ServedTask, prompt: Prompt): TaskInput | undefined {
  const found = served.task.template && matchTemplate(served.task.template, prompt)
  return found && textInput(found.slots)
}

/**
 * A task without a template was trained from rows: the user's only message is its input, whoever named the task.
 * With a template only `shoal/TASK` may leave the prompt out, and the upstream is then sent the whole prompt.
 */
function bareInput(
  served: ServedTask,
  prompt: Prompt,
  isByModel: boolean,
): Pick<Recognised, 'input' | 'filled'> {
  const { template } = served.task
  const last = prompt.messages.at(-1)!
  if (last.role !== 'user' || prompt.responseFormat !== undefined || prompt.tools !== undefined) return {}
  const input: TaskInput = { kind: 'text', text: last.content }
  if (!template) return prompt.messages.slice(0, -1).every(isInstruction) ? { input } : {}
  if (!isByModel || prompt.messages.length !== 1) return {}
  const slots = template.messages.flatMap((message) => message.slots)
  if (slots.length !== 1) return {}
  const messages = fillTemplate(template, { [slots[0]!]: last.content })
  return { input, filled: { messages, template } }
}

function isInstruction(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer'
}

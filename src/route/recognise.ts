/** Which task a call belongs to, and what its input is: by header, by the model `shoal/TASK`, or by the prompt's template. */
import { type ModelName, type TaskId, taskId } from '../base/ids.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import { hasOneContext, questionMessages } from '../task/question-answering/question-slots.ts'
import { fillTemplate, inputOf, isDistinctive, matchTemplate, type Slots } from '../task/template.ts'
import type { Message, Prompt, PromptTemplate, Task, TaskInput } from '../task/types.ts'
import { splitByConstants } from '../text/align.ts'
import { holdsPlaceholder, maskText } from '../text/masking.ts'
import type { ServedTask } from './specialist.ts'
import { templateIndex } from './template-index.ts'

/** The tasks that are known, at one moment. */
export interface TaskBook {
  get(id: TaskId): ServedTask | undefined
  readonly ids: readonly TaskId[]
  /** Those whose calls are recognised by their template. */
  readonly recognisable: readonly ServedTask[]
  /** The task whose template the prompt matches; of several, the one with the most constant text. */
  match(prompt: Prompt): Matched | undefined
  /** True where a template holds a placeholder of masking: it was learned from calls with personal data in their constants. */
  readonly hasPlaceholders: boolean
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
  /** How the task was found; `model` means that the upstream needs another model's name. */
  readonly by: 'header' | 'model' | 'template' | 'nothing'
  /** Upstream model of the call, where one is known. */
  readonly model?: ModelName
  /** True where the messages are the bare input: {@link wholePrompt} is what the upstream understands. */
  readonly isBare: boolean
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
    recognisable: known.map((entry) => entry.served),
    match: (prompt) => {
      for (const { served, template } of index.candidates(prompt)) {
        const found = matchTemplate(template, prompt)
        if (found) return { served, slots: found.slots }
      }
      return undefined
    },
    hasPlaceholders: tasks.some(
      ({ task }) => task.masked && task.template && hasMaskedConstant(task.template),
    ),
  }
}

function hasMaskedConstant({ messages }: PromptTemplate): boolean {
  return messages.some(({ constants }) => constants.some(holdsPlaceholder))
}

/** The task's id where the model is `shoal/TASK`; throws `usage.invalid` where TASK is no task name. */
export function taskOfModel(model: string): TaskId | undefined {
  return model.startsWith(modelPrefix) ? taskId(model.slice(modelPrefix.length)) : undefined
}

/**
 * Recognises a call; a header goes before the model's name, and both before the template.
 * A task named by header whose template does not match has no input: its calls are still kept under it, which is how
 * templates are learned. `shoal/TASK` takes the text of an only message as the input itself, of a task of questions as JSON
 * `{"question": "…", "context": "…"}`.
 */
export function recognise(call: NamedCall, book: TaskBook): Recognised {
  const byModel = taskOfModel(call.model)
  const named = call.header === undefined ? byModel : taskId(call.header)
  if (named === undefined) return recogniseByTemplate(call, book)
  const served = book.get(named)
  const by = byModel === undefined ? 'header' : 'model'
  const model = byModel === undefined ? (call.model as ModelName) : served?.task.upstream
  const base = { task: named, by, ...(served && { served }), ...(model !== undefined && { model }) } as const
  if (!served || !call.prompt) return { ...base, isBare: false }
  const { template } = served.task
  const found = template && matchTemplate(template, call.prompt)
  if (found) return { ...base, input: inputOf(served.task, found.slots), isBare: false }
  const text = bareText(served, call.prompt, by)
  const input = text === undefined ? undefined : bareInput(served.task, text)
  return input === undefined ? { ...base, isBare: false } : { ...base, input, isBare: true }
}

/**
 * Recognises a call, and where its prompt matches nothing as it is, its masked prompt: templates are learned from calls
 * as they are kept, so an address in a prompt's constant part stands in the template as its placeholder.
 */
export function recogniseMasked(call: NamedCall, book: TaskBook, mask: (text: string) => string): Recognised {
  const found = recognise(call, book)
  if (!book.hasPlaceholders || !call.prompt || (found.input && !found.isBare)) return found
  const messages = call.prompt.messages.map(({ role, content }) => ({ role, content: mask(content) }))
  const again = recognise({ ...call, prompt: { ...call.prompt, messages } }, book)
  if (!again.input || again.isBare || !again.served?.task.masked) return found
  const { kind, template } = again.served.task
  // An answer made of the input must be made of the input as it came.
  if (kind === 'classification' || template === undefined) return again
  return { ...again, input: originalInput({ kind, template }, call.prompt) }
}

/** What stands in the slots of a prompt that matches a template once it is masked, as it stood before. */
function originalInput(
  task: Pick<Task, 'kind'> & { readonly template: PromptTemplate },
  prompt: Prompt,
): TaskInput {
  const slots: Record<string, string> = {}
  for (const [at, { constants, slots: names }] of task.template.messages.entries()) {
    const { content } = prompt.messages[at]!
    const masked = maskText(content)
    const texts = splitByConstants(constants, masked.text)!
    let from = 0
    for (const [slot, name] of names.entries()) {
      from += constants[slot]!.length
      const { start, end } = masked.toOriginal(from, from + texts[slot]!.length)
      slots[name] = content.slice(start, end)
      from += texts[slot]!.length
    }
  }
  return inputOf(task, slots)
}

/** The whole prompt of a task for a bare input; `undefined` where the task has no template to put it in. */
export function wholePrompt({ task }: ServedTask, input: TaskInput): Prompt | undefined {
  const messages = task.template && wholeMessages(task.template, input)
  if (task.template === undefined || messages === undefined) return undefined
  const { messages: _, ...rest } = task.template
  return { messages, ...rest }
}

function wholeMessages(template: PromptTemplate, input: TaskInput): readonly Message[] | undefined {
  if (input.kind === 'question')
    return hasOneContext(template) ? questionMessages(template, input) : undefined
  const slot = onlySlot(template)
  return slot === undefined || input.kind !== 'text'
    ? undefined
    : fillTemplate(template, { [slot]: input.text })
}

function recogniseByTemplate(call: NamedCall, book: TaskBook): Recognised {
  const model = call.model as ModelName
  const found = call.prompt && book.match(call.prompt)
  if (!found) return { by: 'nothing', model, isBare: false }
  const { served, slots } = found
  return {
    task: served.task.id,
    served,
    input: inputOf(served.task, slots),
    by: 'template',
    model,
    isBare: false,
  }
}

/**
 * A task without a template was trained from rows: the user's only message is its input, whoever named the task.
 * With a template only `shoal/TASK` may leave the prompt out, and the upstream is then sent the whole prompt.
 */
function bareText({ task }: ServedTask, prompt: Prompt, by: 'header' | 'model'): string | undefined {
  const last = prompt.messages.at(-1)!
  if (last.role !== 'user' || prompt.responseFormat !== undefined || prompt.tools !== undefined) {
    return undefined
  }
  const { kind, template } = task
  const isAllowed = template
    ? by === 'model' &&
      prompt.messages.length === 1 &&
      (kind === 'question-answering' ? hasOneContext(template) : onlySlot(template) !== undefined)
    : prompt.messages.slice(0, -1).every(isInstruction)
  return isAllowed ? last.content : undefined
}

/** The input of a bare text; of a task of questions it must be JSON with both. */
function bareInput({ kind }: Task, text: string): TaskInput | undefined {
  if (kind !== 'question-answering') return { kind: 'text', text }
  const value = tryParseJson(text)
  if (!isJsonObject(value)) return undefined
  const { question, context } = value
  const isBoth = typeof question === 'string' && typeof context === 'string'
  return isBoth ? { kind: 'question', question, context } : undefined
}

function onlySlot({ messages }: PromptTemplate): string | undefined {
  const slots = messages.flatMap((message) => message.slots)
  return slots.length === 1 ? slots[0] : undefined
}

function isInstruction(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer'
}

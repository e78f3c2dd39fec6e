/**
 * Recognises a task's calls: the constant parts must be there exactly and nothing else; what stands in the slots is the
 * input. Constants between two slots are taken where they first stand, from left to right, so that a slot that repeats
 * one is cut early rather than late.
 */
import { isJsonObject, type Json } from '../base/json.ts'
import { splitByConstants } from '../text/align.ts'
import { questionInput } from './question-answering/question-slots.ts'
import type { Message, Prompt, PromptTemplate, Task, TaskInput, TemplateMessage } from './types.ts'

/** What stands in a template's slots, by their names. */
export type Slots = Readonly<Record<string, string>>

/** Constant characters from which a prompt is not likely to match by chance. */
const distinctiveLength = 16

/**
 * The slots of a prompt that the template recognises, or `undefined`. The prompt must be masked where the calls were that
 * the template was learned from: its constants may hold placeholders, as `From: [EMAIL]` does.
 */
export function matchTemplate(
  template: PromptTemplate,
  prompt: Prompt,
): { readonly slots: Slots } | undefined {
  const { messages } = prompt
  if (messages.length !== template.messages.length) return undefined
  const slots: Record<string, string> = {}
  for (let index = 0; index < messages.length; index++) {
    if (!matchMessage(template.messages[index]!, messages[index]!, slots)) return undefined
  }
  if (!sameJson(template.responseFormat, prompt.responseFormat)) return undefined
  if (!sameJson(template.tools, prompt.tools)) return undefined
  return { slots }
}

/** The messages of a template with its slots filled; {@link matchTemplate} gives the slots back. */
export function fillTemplate(template: PromptTemplate, slots: Slots): readonly Message[] {
  return template.messages.map((message) => ({
    role: message.role,
    content: message.slots.reduce(
      (text, name, index) => text + (slots[name] ?? '') + message.constants[index + 1]!,
      message.constants[0]!,
    ),
  }))
}

/** Characters of constant text; of two templates that match, the one with more wins. */
export function constantLength(template: PromptTemplate): number {
  return template.messages
    .flatMap((message) => message.constants)
    .reduce((total, constant) => total + constant.length, 0)
}

/** False for a template so bare that any prompt might match it: its calls are known by name only. */
export function isDistinctive(template: PromptTemplate): boolean {
  const hasShape = template.responseFormat !== undefined || template.tools !== undefined
  return hasShape || constantLength(template) >= distinctiveLength
}

/** The input of a text kind: what stands in the slot, or in the slots in order, each on a line of its own. */
export function textInput(slots: Slots): Extract<TaskInput, { kind: 'text' }> {
  return { kind: 'text', text: Object.values(slots).join('\n') }
}

/** The longest part of a constant that is taken into an input. */
const longestContext = 200

/**
 * The input of an extraction: of each message the lines that hold its slots, whole, since what is the same in all calls
 * so far, such as the year of a date, may be part of what is extracted.
 */
export function linesInput(template: PromptTemplate, slots: Slots): Extract<TaskInput, { kind: 'text' }> {
  const texts = template.messages.flatMap(({ constants, slots: names }) => {
    if (names.length === 0) return []
    const [first, last] = [constants[0]!, constants.at(-1)!]
    const head = first.slice(first.lastIndexOf('\n') + 1)
    const tail = last.slice(0, `${last}\n`.indexOf('\n'))
    const inside = names.map((name, at) => (at === 0 ? '' : constants[at]!) + slots[name]!).join('')
    return [withinLimit(head) + inside + withinLimit(tail)]
  })
  return { kind: 'text', text: texts.join('\n') }
}

function withinLimit(context: string): string {
  return context.length > longestContext ? '' : context
}

/** The input of a task's call, given what stands in its template's slots. */
export function inputOf({ kind, template }: Pick<Task, 'kind' | 'template'>, slots: Slots): TaskInput {
  if (template === undefined) return textInput(slots)
  if (kind === 'question-answering') return questionInput(template, slots)
  return kind === 'extraction' ? linesInput(template, slots) : textInput(slots)
}

function matchMessage(template: TemplateMessage, message: Message, slots: Record<string, string>): boolean {
  if (template.role !== message.role) return false
  const texts = splitByConstants(template.constants, message.content)
  if (texts === undefined) return false
  for (let index = 0; index < texts.length; index++) {
    const name = template.slots[index]!
    const text = texts[index]!
    const values = template.closed?.[name]
    if (values !== undefined && !values.includes(text)) return false
    slots[name] = text
  }
  return true
}

/** Equal as JSON, key order aside; two absent values are equal. */
function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]))
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  )
}

/**
 * Learns a task's prompt template from its calls. What is learned errs to the strict side: a call that a template does
 * not recognise goes upstream, one that it recognises wrongly may be answered wrongly.
 */
import { canonicalJson } from '../base/json.ts'
import { alignTexts, splitByConstants } from '../text/align.ts'
import type { Refusal, Seen } from './refusal.ts'
import { slotNames } from './slot-names.ts'
import { groupIndexes, mostSeen } from './tally.ts'
import { matchTemplate } from './template.ts'
import type { Prompt, PromptTemplate, TemplateMessage } from './types.ts'
import { leadingVersion } from './versions.ts'

/** Fewest calls that a template is learned from. */
const fewestCalls = 20
/** Fewest different prompts among them: fewer show too little of what varies. */
const fewestPrompts = 10
/** A slot with at most this many values, none with digits, each seen this often on average, takes no others. */
const mostClosedValues = 10
const seenPerClosedValue = 5

/** A template, and the calls (indexes into those given) that match it and those that do not. */
export interface LearnedTemplate {
  readonly kind: 'learned'
  readonly template: PromptTemplate
  readonly members: readonly number[]
  /** Calls with other roles, response format or tools than most. */
  readonly otherShape: readonly number[]
  /** Calls of the same shape with another prompt, such as an earlier wording. */
  readonly otherPrompt: readonly number[]
}

/** Learns the template that most of the prompts were made from. */
export function learnTemplate(prompts: readonly Prompt[]): LearnedTemplate | Refusal {
  const group = largestShape(prompts)
  if (group.length < fewestCalls) return tooFewCalls(prompts, group)
  const distinct = [...new Map(group.map((index) => [promptText(prompts[index]!), prompts[index]!])).values()]
  if (distinct.length === 1) return nothingVaries(prompts)
  const template = learnFrom(distinct)
  const isGroup = new Set(group)
  const members: number[] = []
  const otherPrompt: number[] = []
  for (const index of group) (matchTemplate(template, prompts[index]!) ? members : otherPrompt).push(index)
  if (members.length < fewestCalls) return noCommonPrompt(prompts, members.length)
  const different = new Set(members.map((index) => promptText(prompts[index]!))).size
  if (different < fewestPrompts) return tooFewPrompts(prompts, different)
  const otherShape = prompts.flatMap((_, index) => (isGroup.has(index) ? [] : [index]))
  return { kind: 'learned', template, members, otherShape, otherPrompt }
}

/** Indexes of the prompts whose roles, response format and tools are the most frequent. */
function largestShape(prompts: readonly Prompt[]): readonly number[] {
  return groupIndexes(prompts, shapeOf)[0]?.[1] ?? []
}

function shapeOf({ messages, responseFormat, tools }: Prompt): string {
  const roles = messages.map((message) => message.role)
  return canonicalJson([roles, responseFormat ?? null, tools ?? null])
}

function promptText(prompt: Prompt): string {
  return JSON.stringify(prompt.messages.map((message) => message.content))
}

/** Aligns, sets other versions of the prompt aside, and aligns the rest again until one version is left. */
function learnFrom(distinct: readonly Prompt[]): PromptTemplate {
  let prompts = distinct
  for (;;) {
    const aligned = prompts[0]!.messages.map((_, message) =>
      alignTexts(prompts.map((prompt) => prompt.messages[message]!.content)),
    )
    const columns = slotColumns(prompts, aligned)
    const version = columns.map(leadingVersion).find((members) => members !== undefined)
    if (version === undefined) return buildTemplate(prompts[0]!, aligned, columns)
    prompts = version.map((index) => prompts[index]!)
  }
}

/** For each slot of all messages in order, what stands in it in each prompt. */
function slotColumns(
  prompts: readonly Prompt[],
  aligned: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  return aligned.flatMap((constants, message) => {
    const rows = prompts.map((prompt) => splitByConstants(constants, prompt.messages[message]!.content)!)
    return constants.slice(1).map((_, slot) => rows.map((row) => row[slot]!))
  })
}

function buildTemplate(
  sample: Prompt,
  aligned: readonly (readonly string[])[],
  columns: readonly (readonly string[])[],
): PromptTemplate {
  const names = slotNames(aligned)
  let next = 0
  const messages = aligned.map((constants, index): TemplateMessage => {
    const slots = names[index]!
    const closed = slots.flatMap((name) => {
      const values = closedValues(columns[next++]!)
      return values === undefined ? [] : [[name, values] as const]
    })
    return {
      role: sample.messages[index]!.role,
      constants,
      slots,
      ...(closed.length === 0 ? {} : { closed: Object.fromEntries(closed) }),
    }
  })
  return {
    messages,
    ...(sample.responseFormat === undefined ? {} : { responseFormat: sample.responseFormat }),
    ...(sample.tools === undefined ? {} : { tools: sample.tools }),
  }
}

/** The values of a slot that takes only these, such as a language or a customer's tier; dates and numbers go on changing. */
function closedValues(column: readonly string[]): readonly string[] | undefined {
  const values = [...new Set(column)].sort()
  const isClosed =
    values.length <= mostClosedValues &&
    column.length >= seenPerClosedValue * values.length &&
    values.every((value) => !/\p{N}/u.test(value))
  return isClosed ? values : undefined
}

function seenPrompts(prompts: readonly Prompt[]): readonly Seen[] {
  return mostSeen(prompts.map(({ messages }) => messages.map((message) => message.content).join(' ⏎ ')))
}

function tooFewCalls(prompts: readonly Prompt[], group: readonly number[]): Refusal {
  const shapes = new Set(prompts.map(shapeOf)).size
  return {
    kind: 'refusal',
    reason: 'too-few-calls',
    message:
      `A prompt template is learned from at least ${fewestCalls} calls with the same roles, response format and tools; ` +
      `got ${prompts.length} calls of ${shapes} such shapes, at most ${group.length} of one. Let more calls of this task pass, or import some.`,
    seen: seenPrompts(prompts),
  }
}

function nothingVaries(prompts: readonly Prompt[]): Refusal {
  return {
    kind: 'refusal',
    reason: 'nothing-varies',
    message: `All ${prompts.length} calls have the same prompt, so there is no input to learn from. Name calls of one task with different inputs.`,
    seen: seenPrompts(prompts),
  }
}

function tooFewPrompts(prompts: readonly Prompt[], different: number): Refusal {
  return {
    kind: 'refusal',
    reason: 'too-few-prompts',
    message: `The ${prompts.length} calls have only ${different} different prompts, and at least ${fewestPrompts} are needed to tell the input from what is the same in all. Let calls with other inputs pass.`,
    seen: seenPrompts(prompts),
  }
}

function noCommonPrompt(prompts: readonly Prompt[], members: number): Refusal {
  return {
    kind: 'refusal',
    reason: 'no-common-prompt',
    message: `The ${prompts.length} calls have several prompts, and at most ${members} share one where ${fewestCalls} are needed. Give each prompt a task name of its own with the header x-shoal-task.`,
    seen: seenPrompts(prompts),
  }
}

/** Turns the kept calls of one task into what training needs: template, kind, output space, rendering and examples. */

import { anyPlaceholder, holdsPlaceholder } from '../text/masking.ts'
import type { AlikeLabels } from './alike-labels.ts'
import { type LabelSpace, learnLabelSpace } from './classification.ts'
import { type AnsweredText, learnFields } from './fields/learn-fields.ts'
import { type AnsweredInput, inferKind } from './kind.ts'
import { languageNotes } from './languages.ts'
import { type LearnedRendering, learnRendering } from './learn-rendering.ts'
import { type LearnedTemplate, learnTemplate } from './learn-template.ts'
import { listedLabels } from './listed-labels.ts'
import { learnQuestionCalls, questionShare } from './question-answering/learn-question-calls.ts'
import type { Refusal, Seen } from './refusal.ts'
import { mostSeen } from './tally.ts'
import { linesInput, matchTemplate, textInput } from './template.ts'
import type {
  OutputSpace,
  Prompt,
  PromptTemplate,
  Rendering,
  TaskInput,
  TaskKind,
  TaskOutput,
} from './types.ts'

/** A call as the wire layer reduces it: what was asked, and the upstream's answer as it was written. */
export interface RawCall {
  readonly prompt: Prompt
  readonly answer: string
}

/** An input with what the upstream said, and which call (index into the calls given) it came from. */
export interface AnsweredExample {
  readonly call: number
  readonly input: TaskInput
  /**
   * The answer's text where no specialist of the task can give it: of an extraction what the rendering cannot give back,
   * of a classification a label too rare to be learned. It is judged by, not trained on.
   */
  readonly output: TaskOutput
}

/** Calls that give no example: `other-shape` (roles, format or tools), `other-prompt`, `other-answer`. */
export interface LeftOut {
  readonly reason: 'other-shape' | 'other-prompt' | 'other-answer'
  readonly count: number
  /** Some of them, shortened: prompts or answers. */
  readonly seen: readonly Seen[]
}

/** All that training needs to know of a task. */
export interface LearnedTask {
  readonly kind: 'learned'
  readonly taskKind: TaskKind
  readonly template: PromptTemplate
  readonly space: OutputSpace
  readonly rendering: Rendering
  readonly examples: readonly AnsweredExample[]
  /** Reasons with counts; calls and examples differ by their sum. */
  readonly leftOut: readonly LeftOut[]
  /** Labels that differ only in case or spaces and are counted as one. */
  readonly merged: readonly AlikeLabels[]
  /** Labels that the request's JSON schema lists and no answer had: they cannot be predicted. */
  readonly neverSeen: readonly string[]
  /** What else is worth knowing, in sentences. */
  readonly notes: readonly string[]
}

export interface LearnTaskOptions {
  /** What the person said that the task is (`--kind`); decides where the answers leave it unclear. */
  readonly taskKind?: TaskKind
}

/** Learns a task from its calls, in the order they came; at least 20. */
export function learnTask(calls: readonly RawCall[], options: LearnTaskOptions = {}): LearnedTask | Refusal {
  const prompts = calls.map(({ prompt }) => prompt)
  const learned = learnTemplate(prompts)
  if (learned.kind === 'refusal') return learned
  const task = learnFrom(calls, learned, options)
  const isMasked = learned.template.messages.some(({ constants }) => constants.some(holdsPlaceholder))
  if (!isMasked || (task.kind === 'learned' && task.taskKind === 'classification')) return task
  // What was masked looks the same in all calls and is none of the prompt's own: it may be what is extracted.
  const varied = learnTemplate(prompts.map(withoutPlaceholders))
  return varied.kind === 'refusal' ? task : learnFrom(calls, varied, options)
}

/** The prompt with other signs in each call where personal data was masked. */
function withoutPlaceholders(prompt: Prompt, call: number): Prompt {
  const sign = String.fromCharCode(0xe000 + (call % 0x1900))
  const messages = prompt.messages.map(({ role, content }) => ({
    role,
    content: content.replace(anyPlaceholder, sign),
  }))
  return { ...prompt, messages }
}

function learnFrom(
  calls: readonly RawCall[],
  learned: LearnedTemplate,
  options: LearnTaskOptions,
): LearnedTask | Refusal {
  const { template, members } = learned
  const answers = members.map((call) => calls[call]!.answer)
  // Extractions and answers to questions may all be the same, as where there is nothing to find.
  const hasLabels = options.taskKind !== 'extraction' && options.taskKind !== 'question-answering'
  const rendered = hasLabels ? learnRendering(answers) : undefined
  const labels = rendered?.kind === 'learned' ? rendered.labels : []
  const rows = members.flatMap((call, index): MatchedCall[] => {
    const { prompt, answer } = calls[call]!
    const label = labels[index]
    const matched = matchTemplate(template, prompt)
    return matched ? [{ call, slots: matched.slots, answer, ...(label !== undefined && { label }) }] : []
  })
  if (rendered?.kind === 'refusal') return rendered
  const inferred =
    options.taskKind === undefined
      ? inferKind(rows, {
          textsOf: (some) => answeredTexts(some, template),
          questionShare: (some) => questionShare(some, template),
        })
      : undefined
  if (inferred?.kind === 'refusal') return inferred
  const taskKind = options.taskKind ?? inferred!.taskKind
  const leftOut = otherPrompts(calls, learned)
  if (taskKind === 'extraction') return learnExtraction(rows, { template, leftOut })
  if (taskKind === 'question-answering') return learnQuestions(rows, { template, leftOut })
  if (taskKind !== 'classification' || rendered === undefined)
    return notTrainable(taskKind, rows, { template, isSaid: options.taskKind !== undefined })
  return learnClassification(rows, { template, leftOut, rendered, isSaid: options.taskKind !== undefined })
}

interface Matched {
  readonly template: PromptTemplate
  readonly leftOut: readonly LeftOut[]
}

function learnClassification(
  rows: readonly MatchedCall[],
  {
    template,
    leftOut,
    rendered,
    isSaid,
  }: Matched & { readonly rendered: LearnedRendering; readonly isSaid: boolean },
): LearnedTask | Refusal {
  const { rendering } = rendered
  const seen = rows.flatMap(({ label }) => (label === undefined ? [] : [label]))
  const listed = listedLabels(template.responseFormat, rendering, [...new Set(seen)])
  const space = learnLabelSpace(seen, { isSaid, ...(listed && { listed }) })
  if (space.kind === 'refusal') return space
  return {
    kind: 'learned',
    taskKind: 'classification',
    template,
    space: { kind: 'labels', labels: space.labels, multiple: false },
    rendering,
    examples: examplesOf(rows, space),
    leftOut: [...leftOut, ...otherAnswers(rows)],
    merged: space.merged,
    neverSeen: listed?.filter((label) => !space.labels.includes(label)) ?? [],
    notes: [...rareLabelNotes(rows, space), ...languageNotes(rows.map(({ answer }) => answer))],
  }
}

function answeredTexts(rows: readonly AnsweredInput[], template: PromptTemplate): readonly AnsweredText[] {
  return rows.map(({ slots, answer }) => ({ text: linesInput(template, slots).text, answer }))
}

function learnExtraction(
  rows: readonly MatchedCall[],
  { template, leftOut }: Matched,
): LearnedTask | Refusal {
  const fields = learnFields(answeredTexts(rows, template))
  if (fields.kind === 'refusal') return fields
  return {
    kind: 'learned',
    taskKind: 'extraction',
    template,
    space: { kind: 'spans', labels: fields.labels },
    rendering: fields.rendering,
    examples: rows.map(({ call, slots }, row) => ({
      call,
      input: linesInput(template, slots),
      output: fields.outputs[row]!,
    })),
    leftOut,
    merged: [],
    neverSeen: [],
    notes: [...fields.notes, ...languageNotes(rows.map(({ answer }) => answer))],
  }
}

function learnQuestions(rows: readonly MatchedCall[], { template, leftOut }: Matched): LearnedTask | Refusal {
  const learned = learnQuestionCalls(rows, template)
  if (learned.kind === 'refusal') return learned
  return {
    kind: 'learned',
    taskKind: 'question-answering',
    template: learned.template,
    space: { kind: 'answer' },
    rendering: learned.rendering,
    examples: rows.map(({ call }, row) => ({ call, ...learned.rows[row]! })),
    leftOut,
    merged: [],
    neverSeen: [],
    notes: [...learned.notes, ...languageNotes(rows.map(({ answer }) => answer))],
  }
}

/** A call that the template matches. */
interface MatchedCall extends AnsweredInput {
  readonly call: number
}

function examplesOf(rows: readonly MatchedCall[], space: LabelSpace): readonly AnsweredExample[] {
  return rows.flatMap(({ call, slots, label, answer }): AnsweredExample[] => {
    if (label === undefined) return []
    const canonical = space.canonical.get(label)
    const output: TaskOutput =
      canonical === undefined ? { kind: 'text', text: answer } : { kind: 'labels', labels: [canonical] }
    return [{ call, input: textInput(slots), output }]
  })
}

/** Calls whose label is not in the space will come again: a promise that did not count them would not hold for calls. */
function rareLabelNotes(rows: readonly MatchedCall[], { canonical }: LabelSpace): readonly string[] {
  const rare = rows.flatMap(({ label }) => (label === undefined || canonical.has(label) ? [] : [label]))
  if (rare.length === 0) return []
  const seen = mostSeen(rare)
    .slice(0, 3)
    .map(({ text }) => JSON.stringify(text))
    .join(', ')
  return [
    `${rare.length} ${rare.length === 1 ? 'call was' : 'calls were'} answered with labels too rare to be learned, such as ${seen}: not trained on, and any answer to them counts as wrong.`,
  ]
}

function otherPrompts(calls: readonly RawCall[], learned: LearnedTemplate): readonly LeftOut[] {
  const textOf = (call: number): string =>
    calls[call]!.prompt.messages.map(({ role, content }) => `${role}: ${content}`).join('\n')
  return [
    ...leftOut('other-shape', learned.otherShape.map(textOf)),
    ...leftOut('other-prompt', learned.otherPrompt.map(textOf)),
  ]
}

function otherAnswers(rows: readonly MatchedCall[]): readonly LeftOut[] {
  const unread = rows.filter(({ label }) => label === undefined)
  return leftOut(
    'other-answer',
    unread.map(({ answer }) => answer),
  )
}

function leftOut(reason: LeftOut['reason'], texts: readonly string[]): readonly LeftOut[] {
  return texts.length === 0 ? [] : [{ reason, count: texts.length, seen: mostSeen(texts) }]
}

function notTrainable(
  taskKind: TaskKind,
  rows: readonly MatchedCall[],
  { template, isSaid }: { readonly template: PromptTemplate; readonly isSaid: boolean },
): Refusal {
  // Of answers that have fields, it is more use to know which of them stands in the way.
  const fields = isSaid ? undefined : learnFields(answeredTexts(rows, template))
  if (fields?.kind === 'refusal' && fields.reason === 'not-in-input') return fields
  return {
    kind: 'refusal',
    reason: 'kind-not-trainable',
    message: `The answers of these ${rows.length} calls are ${taskKind}, and only classification, extraction and question answering are trained from calls. If the answers are labels or parts of the input after all, say so with --kind classification, --kind extraction or --kind question-answering.`,
    seen: mostSeen(rows.map(({ answer }) => answer)),
  }
}

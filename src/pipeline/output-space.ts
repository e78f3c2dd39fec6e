/** What a task's rows say that its outputs are: labels, spans or answers to questions, which ones, and how they are written. */
import { appError } from '../base/errors.ts'
import type { TaskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import { labelCounts, mergeLabels, refuseLabelVariants } from '../data/labels.ts'
import { labelKey } from '../task/alike-labels.ts'
import { plainFields, unnamedLabel } from '../task/extraction.ts'
import { learnFields } from '../task/fields/learn-fields.ts'
import { labelsOf } from '../task/fields/render-fields.ts'
import type { LearnedTask } from '../task/from-calls.ts'
import { plainAnswers } from '../task/question-answering/answer-rendering.ts'
import type { Refusal } from '../task/refusal.ts'
import type { Rendering, Task, TaskKind, TaskOutput } from '../task/types.ts'
import { holdsPlaceholder } from '../text/masking.ts'

const plainText: Rendering = Object.freeze({ kind: 'text', before: '', after: '' })

export interface SpaceInput {
  readonly task: TaskId
  /** What was said with `--kind`. */
  readonly said?: TaskKind
  readonly mergeLabels: boolean
  /** Rows that were imported or read from a file. */
  readonly imported: readonly Example[]
  readonly test?: readonly Example[]
  /** Rows out of calls, and what was learned from them. */
  readonly fromCalls: readonly Example[]
  readonly learned?: LearnedTask
  /** The task as it was before. */
  readonly known?: Task
}

export interface SpaceOutcome extends Pick<Task, 'kind' | 'space' | 'rendering'> {
  readonly examples: readonly Example[]
  readonly test?: readonly Example[]
  readonly notes: readonly string[]
}

/** The kind, space and rendering of a task's rows. Throws `train.one-class`, `train.outputs-mixed`, `train.not-learnable`, `train.labels-unwritten`, `data.labels-alike`. */
export function outputSpace(input: SpaceInput): SpaceOutcome {
  const kind = kindOf(input)
  if (kind === 'question-answering') return answerSpace(input)
  return kind === 'extraction' ? spanSpace(input) : labelSpace(input)
}

function kindOf({ task, said, learned, imported, fromCalls }: SpaceInput): TaskKind {
  const has = (kind: TaskOutput['kind']): number =>
    imported.filter(({ output }) => output.kind === kind).length
  const [spans, labels, answers] = [has('spans'), has('labels'), has('answer')]
  const imports = answers > 0 ? 'question-answering' : spans > 0 ? 'extraction' : 'classification'
  const kind = said ?? learned?.taskKind ?? imports
  const isMixed =
    (answers > 0 && (spans > 0 || labels > 0)) ||
    (imported.length > 0 && (kind === 'question-answering') !== answers > 0) ||
    (spans > 0 && labels > 0) ||
    (kind === 'classification' && spans > 0) ||
    (kind === 'extraction' && labels > 0 && (spans > 0 || said === undefined))
  if (!isMixed) return kind
  throw appError('train.outputs-mixed', { task, spans, labels, answers, calls: fromCalls.length, kind })
}

function labelSpace(input: SpaceInput): SpaceOutcome {
  const { task, learned, known } = input
  const rows = [...input.imported, ...input.fromCalls]
  // Also those that differ between the rows and the test rows: they would be wrong in all of them.
  if (!input.mergeLabels) refuseLabelVariants([...rows, ...(input.test ?? [])])
  const examples = input.mergeLabels ? mergeLabels(rows) : rows
  const labels = labelCounts(examples)
    .map(({ label }) => label)
    .sort()
  if (labels.length < 2)
    throw appError('train.one-class', { task, rows: examples.length, label: labels[0] ?? '' })
  const earlier = known?.kind === 'classification' ? known.rendering : undefined
  return {
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: learned?.rendering ?? earlier ?? plainText,
    examples,
    ...(input.test && { test: writtenAs(labels, input.test) }),
    notes: [],
  }
}

/** Test rows with their labels written as the task writes them, where these differ in case or spaces only. */
function writtenAs(labels: readonly string[], test: readonly Example[]): readonly Example[] {
  const byKey = new Map(labels.map((label) => [labelKey(label), label]))
  return test.map((example) => {
    const { output } = example
    if (output.kind !== 'labels') return example
    const written = output.labels.map((label) =>
      labels.includes(label) ? label : (byKey.get(labelKey(label)) ?? label),
    )
    return { ...example, output: { kind: 'labels', labels: written } }
  })
}

function spanSpace(input: SpaceInput): SpaceOutcome {
  const answers = fromAnswers(input)
  const examples = [...(answers?.examples ?? input.imported.map(named)), ...input.fromCalls]
  const labels = spanLabels(examples)
  if (labels.length === 0)
    throw appError('train.one-class', { task: input.task, rows: examples.length, label: 'no spans' })
  const learned = input.learned?.rendering ?? answers?.rendering
  const earlier = input.known?.rendering.kind === 'fields' ? input.known.rendering : undefined
  const isWritten = (rendering: Rendering | undefined): boolean =>
    rendering?.kind === 'fields' && labels.every((label) => labelsOf(rendering.root).includes(label))
  if (learned !== undefined && !isWritten(learned)) throw unwritten(input, labels, learned)
  const rendering = learned ?? (isWritten(earlier) ? earlier! : plainFields(labels))
  return {
    kind: 'extraction',
    space: { kind: 'spans', labels },
    rendering,
    examples,
    ...(input.test && { test: input.test.map(named) }),
    notes: [...(answers?.notes ?? []), ...maskedNotes(examples)],
  }
}

/** Rows whose output column holds answers, as JSON or as text: the fields are learned from them as from calls. */
function fromAnswers({ task, imported, learned }: SpaceInput):
  | {
      readonly examples: readonly Example[]
      readonly rendering: Rendering
      readonly notes: readonly string[]
    }
  | undefined {
  const rows = imported.flatMap(({ input, output }) =>
    input.kind === 'text' && output.kind === 'labels'
      ? [{ text: input.text, answer: output.labels[0] ?? '' }]
      : [],
  )
  if (rows.length === 0 || rows.length < imported.length) return undefined
  const fields = learnFields(rows)
  if (fields.kind === 'refusal') throw notLearnable(task, rows.length, fields)
  const rendering = learned?.rendering ?? fields.rendering
  const examples = imported.map((example, row): Example => ({ ...example, output: fields.outputs[row]! }))
  return { examples, rendering, notes: fields.notes }
}

function answerSpace({ task, imported, fromCalls, test, learned, known }: SpaceInput): SpaceOutcome {
  const examples = [...imported, ...fromCalls]
  if (!examples.some(({ output }) => output.kind === 'answer' && output.span !== undefined))
    throw appError('train.one-class', { task, rows: examples.length, label: 'not there' })
  const earlier = known?.rendering.kind === 'answer' ? known.rendering : undefined
  return {
    kind: 'question-answering',
    space: { kind: 'answer' },
    rendering: learned?.rendering ?? earlier ?? plainAnswers,
    examples,
    ...(test && { test }),
    notes: [],
  }
}

/** The error for rows or calls that nothing can be learned from, with what was seen. */
export function notLearnable(task: TaskId, calls: number, refusal: Refusal): Error {
  const seen = refusal.seen.slice(0, 5).map(({ text, count }) => `${count} × ${JSON.stringify(text)}`)
  const problem = seen.length === 0 ? refusal.message : `${refusal.message} Seen: ${seen.join('; ')}`
  return appError('train.not-learnable', { task, calls, problem })
}

function unwritten({ task }: SpaceInput, labels: readonly string[], rendering: Rendering): Error {
  const written = rendering.kind === 'fields' ? labelsOf(rendering.root) : []
  return appError('train.labels-unwritten', {
    task,
    labels: labels.filter((label) => !written.includes(label)).join(', '),
    written: written.join(', '),
  })
}

function spanLabels(examples: readonly Example[]): readonly string[] {
  const labels = new Set<string>()
  for (const { output } of examples)
    if (output.kind === 'spans') for (const span of output.spans) labels.add(span.label ?? unnamedLabel)
  return [...labels].sort()
}

function named(example: Example): Example {
  const { output } = example
  if (output.kind !== 'spans' || output.spans.every(({ label }) => label !== undefined)) return example
  const spans = output.spans.map((span) => ({ ...span, label: span.label ?? unnamedLabel }))
  return { ...example, output: { kind: 'spans', spans } }
}

/** Fields that are personal data: their values were masked, so only their places were learned. */
function maskedNotes(examples: readonly Example[]): readonly string[] {
  const labels = new Set<string>()
  for (const { output } of examples)
    if (output.kind === 'spans')
      for (const { label, text } of output.spans)
        if (holdsPlaceholder(text)) labels.add(label ?? unnamedLabel)
  if (labels.size === 0) return []
  return [
    `${[...labels].sort().join(', ')}: personal data, masked in what was kept. The specialist answers with what stands in the request; whether the upstream writes it in another form was not seen.`,
  ]
}

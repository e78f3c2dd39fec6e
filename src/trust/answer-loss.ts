/** How far a local answer differs from what the upstream, or a person, answered to the same call. */
import { canonicalJson, type Json } from '../base/json.ts'
import { labelKey } from '../task/alike-labels.ts'
import { partsLoss, partsOf } from '../task/extraction.ts'
import { readBody } from '../task/fields/body.ts'
import type { FieldRendering } from '../task/fields/field-rendering.ts'
import type { JsonTree } from '../task/fields/json-tree.ts'
import { readFields } from '../task/fields/read-fields.ts'
import { readAnswer } from '../task/question-answering/answer-rendering.ts'
import { normalisedAnswer } from '../task/question-answering/answer-text.ts'
import { read } from '../task/rendering.ts'
import type { AnswerRendering, LabelRendering, Task, TaskInput } from '../task/types.ts'

export interface TwoAnswers {
  readonly input: TaskInput
  /** As the client got it. */
  readonly local: string
  readonly other: string
}

/**
 * 0 where both say the same, 1 where not, the share of wrong parts where the task promises by parts. An other answer
 * that cannot be read counts as the certificate counted such rows: of labels they were no part of it (`undefined`:
 * reported, neither right nor wrong), of fields and of answers to questions they were wrong.
 */
export function answerLoss(
  task: Pick<Task, 'space' | 'rendering' | 'promise'>,
  answers: TwoAnswers,
): number | undefined {
  const { rendering } = task
  switch (rendering.kind) {
    case 'fields':
      return fieldsLoss(rendering, task.promise, answers)
    case 'answer':
      return questionLoss(rendering, answers)
    case 'text':
    case 'json':
    case 'json-value':
      return labelLoss(rendering, task.space, answers)
  }
}

function questionLoss(rendering: AnswerRendering, { local, other }: TwoAnswers): number {
  const [said, expected] = [readAnswer(rendering, local), readAnswer(rendering, other)]
  if (said?.kind !== 'text' || expected?.kind !== 'text')
    return said !== undefined && said.kind === expected?.kind ? 0 : 1
  return normalisedAnswer(said.text) === normalisedAnswer(expected.text) ? 0 : 1
}

function labelLoss(
  rendering: LabelRendering,
  space: Task['space'],
  { local, other }: TwoAnswers,
): number | undefined {
  const [said, expected] = [read(rendering, local), read(rendering, other)]
  if (expected === undefined) return undefined
  return said === spaceLabel(space, expected) ? 0 : 1
}

/** The label of the space that it is but for case and spaces, as training counts such labels as one; else itself. */
function spaceLabel(space: Task['space'], label: string): string {
  if (space.kind !== 'labels' || space.labels.includes(label)) return label
  const key = labelKey(label)
  return space.labels.find((one) => labelKey(one) === key) ?? label
}

function fieldsLoss(
  rendering: FieldRendering,
  promise: Task['promise'],
  { input, local, other }: TwoAnswers,
): number {
  const [said, expected] = [readBody(rendering, local), readBody(rendering, other)]
  if (expected === undefined) return 1
  if (said !== undefined && sameTree(said, expected)) return 0
  if (promise !== 'parts' || input.kind !== 'text') return 1
  const [ours, theirs] = [readFields(rendering, input.text, local), readFields(rendering, input.text, other)]
  if (!ours || !theirs) return 1
  // The parts are the same and yet the answer is not, as where the order differs: nothing of it is promised.
  return partsLoss(partsOf(rendering, theirs), partsOf(rendering, ours)) || 1
}

function sameTree(a: JsonTree, b: JsonTree): boolean {
  return canonicalJson(plain(a)) === canonicalJson(plain(b))
}

/** Without the order of keys, and with the kind of each value, so that "3" is not 3. */
function plain(tree: JsonTree): Json {
  switch (tree.kind) {
    case 'string':
      return { string: tree.text }
    case 'list':
      return tree.items.map(plain)
    case 'object':
      return { object: Object.fromEntries(tree.members.map(([key, value]) => [key, plain(value)])) }
    case 'bare':
      return { bare: tree.raw }
  }
}

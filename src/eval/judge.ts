/** Whether an answer is right: the one place that says what "the same output" means for each kind of output. */
import { assert } from '../base/errors.ts'
import type { Example, ExampleSource } from '../data/example.ts'
import { answerText, hasFields, partsLoss, partsOf } from '../task/extraction.ts'
import { sameAnswer } from '../task/question-answering/answer-text.ts'
import type { Span, Task, TaskOutput } from '../task/types.ts'
import type { RawPrediction } from '../tier/tier.ts'
import type { PartsRow } from './extraction.ts'

type OutputOf<Kind extends TaskOutput['kind']> = Extract<TaskOutput, { kind: Kind }>

const sameByKind: {
  readonly [Kind in TaskOutput['kind']]: (a: OutputOf<Kind>, b: OutputOf<Kind>) => boolean
} = {
  labels: (a, b) => sameSet(a.labels, b.labels),
  spans: (a, b) => sameSet(a.spans.map(spanKey), b.spans.map(spanKey)),
  answer: sameAnswer,
  text: (a, b) => a.text === b.text,
}

/**
 * True where an output says the same as a right one: labels and spans as sets, an answer by its normalised text or one of
 * the other right ones, a text by its letters.
 */
export function sameOutput(a: TaskOutput, b: TaskOutput): boolean {
  if (a.kind === 'labels' && b.kind === 'labels') return sameByKind.labels(a, b)
  if (a.kind === 'spans' && b.kind === 'spans') return sameByKind.spans(a, b)
  if (a.kind === 'answer' && b.kind === 'answer') return sameByKind.answer(a, b)
  if (a.kind === 'text' && b.kind === 'text') return sameByKind.text(a, b)
  return false
}

/** What decides whether two outputs of a task say the same. */
export type JudgedTask = Pick<Task, 'rendering'>

/** The rows that answers are judged by. */
export type JudgedExample = Pick<Example, 'output' | 'input'>

/**
 * For each prediction whether it says what its example says; the two lists go in step. Of a task with fields two outputs
 * say the same where the answers made of them do, which an answer that cannot be made never does.
 */
export function judge(
  predictions: readonly { readonly output: TaskOutput }[],
  examples: readonly JudgedExample[],
  task?: JudgedTask,
): readonly boolean[] {
  assertInStep(predictions, examples)
  return predictions.map(({ output }, row) => {
    const { input, output: expected } = examples[row]!
    if (task === undefined || !hasFields(task)) return sameOutput(output, expected)
    const said = answerText(task.rendering, input, output)
    return said !== undefined && said === answerText(task.rendering, input, expected)
  })
}

/**
 * For each prediction of a task with fields the share of its parts that are wrong, 0 for an answer that is right; 1
 * where the right answer is none that could be made of spans.
 */
export function partLosses(
  predictions: readonly { readonly output: TaskOutput }[],
  examples: readonly JudgedExample[],
  task: JudgedTask,
): readonly number[] {
  const right = judge(predictions, examples, task)
  return predictions.map(({ output }, row) => {
    const expected = examples[row]!.output
    if (right[row]) return 0
    if (!hasFields(task) || output.kind !== 'spans' || expected.kind !== 'spans') return 1
    const loss = partsLoss(partsOf(task.rendering, expected.spans), partsOf(task.rendering, output.spans))
    // The parts are the same and yet the answer is not, as where the order differs: nothing of it is promised.
    return loss === 0 ? 1 : loss
  })
}

/**
 * Of each row whose right answer is made of spans, the parts of both answers; `undefined` for tasks without fields.
 * An answer that is no spans has no parts.
 */
export function partsRows(
  predictions: readonly { readonly output: TaskOutput }[],
  examples: readonly JudgedExample[],
  task: JudgedTask,
): readonly PartsRow[] | undefined {
  if (!hasFields(task)) return undefined
  const { rendering } = task
  return predictions.flatMap(({ output }, row) => {
    const expected = examples[row]!.output
    if (expected.kind !== 'spans') return []
    const said = output.kind === 'spans' ? partsOf(rendering, output.spans) : []
    return [{ expected: partsOf(rendering, expected.spans), said }]
  })
}

/** Of answers made of spans, each part's raw score and whether the right answer has it; the rest has no parts. */
export function judgedParts(
  predictions: readonly Pick<RawPrediction, 'output' | 'parts'>[],
  examples: readonly JudgedExample[],
  task: JudgedTask,
): readonly { readonly score: number; readonly correct: boolean }[] {
  if (!hasFields(task)) return []
  const { rendering } = task
  return predictions.flatMap(({ output, parts }, row) => {
    const expected = examples[row]!.output
    if (output.kind !== 'spans' || expected.kind !== 'spans' || parts?.length !== output.spans.length)
      return []
    const keys = new Set(partsOf(rendering, expected.spans).map(({ key }) => key))
    return output.spans.map((span, at) => ({
      score: parts[at]!.score,
      correct: keys.has(partsOf(rendering, [span])[0]!.key),
    }))
  })
}

/** `error` where every row's output comes from a person or a labelled set, else `disagreement` with the upstream. */
export function wrongMeans(
  examples: readonly { readonly source: ExampleSource }[],
): 'error' | 'disagreement' {
  return examples.every((example) => example.source === 'gold' || example.source === 'human')
    ? 'error'
    : 'disagreement'
}

function assertInStep(predictions: readonly unknown[], examples: readonly unknown[]): void {
  assert(
    predictions.length === examples.length,
    `${predictions.length} predictions for ${examples.length} examples`,
  )
}

function spanKey(span: Span): string {
  return `${span.start} ${span.end} ${span.label ?? ''}`
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 1 && b.length === 1) return a[0] === b[0]
  const [first, second] = [new Set(a), new Set(b)]
  return first.size === second.size && [...first].every((value) => second.has(value))
}

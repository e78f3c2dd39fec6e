/** Whether an answer is right: the one place that says what "the same output" means for each kind of output. */
import { assert } from '../base/errors.ts'
import type { Example, ExampleSource } from '../data/example.ts'
import type { Span, TaskOutput } from '../task/types.ts'

type OutputOf<Kind extends TaskOutput['kind']> = Extract<TaskOutput, { kind: Kind }>

const sameByKind: {
  readonly [Kind in TaskOutput['kind']]: (a: OutputOf<Kind>, b: OutputOf<Kind>) => boolean
} = {
  labels: (a, b) => sameSet(a.labels, b.labels),
  spans: (a, b) => sameSet(a.spans.map(spanKey), b.spans.map(spanKey)),
  answer: (a, b) => (a.span && spanKey(a.span)) === (b.span && spanKey(b.span)),
  text: (a, b) => a.text === b.text,
}

/** True where two outputs say the same: labels and spans as sets, an answer by its place, a text by its letters. */
export function sameOutput(a: TaskOutput, b: TaskOutput): boolean {
  if (a.kind === 'labels' && b.kind === 'labels') return sameByKind.labels(a, b)
  if (a.kind === 'spans' && b.kind === 'spans') return sameByKind.spans(a, b)
  if (a.kind === 'answer' && b.kind === 'answer') return sameByKind.answer(a, b)
  if (a.kind === 'text' && b.kind === 'text') return sameByKind.text(a, b)
  return false
}

/** For each prediction whether it says what its example says; the two lists go in step. */
export function judge(
  predictions: readonly { readonly output: TaskOutput }[],
  examples: readonly Pick<Example, 'output'>[],
): readonly boolean[] {
  assert(
    predictions.length === examples.length,
    `${predictions.length} predictions for ${examples.length} examples`,
  )
  return predictions.map((prediction, row) => sameOutput(prediction.output, examples[row]!.output))
}

/** `error` where every row's output comes from a person or a labelled set, else `disagreement` with the upstream. */
export function wrongMeans(
  examples: readonly { readonly source: ExampleSource }[],
): 'error' | 'disagreement' {
  return examples.every((example) => example.source === 'gold' || example.source === 'human')
    ? 'error'
    : 'disagreement'
}

function spanKey(span: Span): string {
  return `${span.start} ${span.end} ${span.label ?? ''}`
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 1 && b.length === 1) return a[0] === b[0]
  const [first, second] = [new Set(a), new Set(b)]
  return first.size === second.size && [...first].every((value) => second.has(value))
}

// From examples to texts with numbered spans, cut into pieces as they will be when they are answered.
import { appError } from '../../../base/errors.ts'
import type { Example } from '../../../data/example.ts'
import type { Task } from '../../../task/types.ts'
import { textOf } from '../inputs.ts'
import type { NumberedSpan, SpannedTexts } from './corpus.ts'
import { pieceBounds } from './pieces.ts'

/** Texts by piece, and how many spans of the examples cannot be told in them: overlapping ones, and cut ones. */
export interface GatheredSpans extends SpannedTexts {
  readonly spanCount: number
  readonly lostSpans: number
}

/** The labels of a task's spans, in the space's order. */
export function labelsOf({ space }: Task): readonly string[] {
  if (space.kind === 'spans') return space.labels
  throw appError('internal.bug', { problem: `an extraction has an output space of kind ${space.kind}` })
}

/** Gathers the examples of an extraction; spans without a label count as the first. */
export function gatherSpans(task: Task, examples: readonly Example[]): GatheredSpans {
  const labels = labelsOf(task)
  const texts: string[] = []
  const spans: NumberedSpan[][] = []
  const weights: number[] = []
  const groups: number[] = []
  const numbers = new Map<string, number>()
  let [spanCount, lostSpans] = [0, 0]
  for (const example of examples) {
    const text = textOf(example.input)
    const all = numberedSpans(example, labels)
    const kept = withoutOverlaps(all)
    const bounds = pieceBounds(text, text.length)
    const group = numbers.get(example.group ?? example.id) ?? numbers.size
    numbers.set(example.group ?? example.id, group)
    let told = 0
    for (let piece = 0; piece + 1 < bounds.length; piece++) {
      const [start, end] = [bounds[piece]!, bounds[piece + 1]!]
      const inside = kept.filter((span) => span.start >= start && span.end <= end)
      told += inside.length
      texts.push(text.slice(start, end))
      spans.push(inside.map((span) => ({ ...span, start: span.start - start, end: span.end - start })))
      weights.push(example.weight)
      groups.push(group)
    }
    spanCount += all.length
    lostSpans += all.length - told
  }
  return {
    ...{ texts, spans, spanCount, lostSpans },
    weights: Float32Array.from(weights),
    groups: Int32Array.from(groups),
  }
}

/** The spans of an example with their labels' numbers; those without a label count as the first. */
export function numberedSpans({ output }: Example, labels: readonly string[]): readonly NumberedSpan[] {
  if (output.kind !== 'spans') {
    throw appError('internal.bug', {
      problem: `an example of an extraction has an output of kind ${output.kind}`,
    })
  }
  return output.spans.map(({ start, end, label }) => {
    const number = label === undefined ? 0 : labels.indexOf(label)
    if (number >= 0) return { start, end, label: number }
    throw appError('internal.bug', { problem: `the label ${label} is not in the task's output space` })
  })
}

/** Spans in order; of two that overlap the longer one. */
export function withoutOverlaps(spans: readonly NumberedSpan[]): readonly NumberedSpan[] {
  const kept: NumberedSpan[] = []
  const longestFirst = spans
    .filter(({ start, end }) => start < end)
    .sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)
  if (isApart(longestFirst)) return [...longestFirst].sort((a, b) => a.start - b.start)
  for (const span of longestFirst) {
    if (kept.every(({ start, end }) => span.end <= start || span.start >= end)) kept.push(span)
  }
  return kept.sort((a, b) => a.start - b.start)
}

function isApart(spans: readonly NumberedSpan[]): boolean {
  const sorted = [...spans].sort((a, b) => a.start - b.start)
  return sorted.every(({ start }, index) => index === 0 || start >= sorted[index - 1]!.end)
}

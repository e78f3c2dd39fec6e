/** The answer as a client gets it: made of the request itself, where the specialist saw it with personal data masked. */
import { type MaskedText, maskText } from '../text/masking.ts'
import { answerText } from './extraction.ts'
import type { Span, Task, TaskInput, TaskOutput } from './types.ts'

/**
 * An output as the upstream would have written it; spans of the masked input are led back to the original, so that the
 * answer holds what stands in the request and never a placeholder. `undefined` where the rendering cannot write it.
 */
export function servedAnswer(
  task: Pick<Task, 'rendering' | 'masked'>,
  original: TaskInput,
  output: TaskOutput,
): string | undefined {
  return answerText(task.rendering, original, task.masked ? originalOutput(original, output) : output)
}

/** An output whose spans, which are of the masked input, are those of the original. */
export function originalOutput(original: TaskInput, output: TaskOutput): TaskOutput {
  if (output.kind === 'spans' && original.kind === 'text') {
    const masked = maskText(original.text)
    return { kind: 'spans', spans: output.spans.map((span) => originalSpan(span, masked, original.text)) }
  }
  if (output.kind !== 'answer' || output.span === undefined || original.kind !== 'question') return output
  const { context } = original
  return { kind: 'answer', span: originalSpan(output.span, maskText(context), context) }
}

function originalSpan(span: Span, masked: MaskedText, text: string): Span {
  const { start, end } = masked.toOriginal(span.start, span.end)
  return { ...span, start, end, text: text.slice(start, end) }
}

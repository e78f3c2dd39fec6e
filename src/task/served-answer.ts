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
  if (output.kind !== 'spans' || original.kind !== 'text' || !task.masked)
    return answerText(task.rendering, original, output)
  const masked = maskText(original.text)
  const spans = output.spans.map((span) => originalSpan(span, masked, original.text))
  return answerText(task.rendering, original, { kind: 'spans', spans })
}

function originalSpan(span: Span, masked: MaskedText, text: string): Span {
  const { start, end } = masked.toOriginal(span.start, span.end)
  return { ...span, start, end, text: text.slice(start, end) }
}

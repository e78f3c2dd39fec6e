/** Outputs of the request itself, where the specialist saw it with personal data masked: an answer holds what stands there. */
import { type MaskedText, maskText } from '../text/masking.ts'
import type { Span, TaskInput, TaskOutput } from './types.ts'

/** An output whose spans are of the masked input, with spans of the original: never of a placeholder. Other outputs stay. */
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

/** Writes the answer to a question as the upstream would have written it, and reads it back. Only what quotes the text is written. */
import { parse, read, render } from '../rendering.ts'
import type { AnswerRendering, Rendering, TaskInput } from '../types.ts'
import type { QuestionAnswer } from './answer-text.ts'

/** How answers are written where no upstream showed how: the quote alone. */
export const plainAnswers: AnswerRendering = Object.freeze({
  kind: 'answer',
  found: Object.freeze({ kind: 'text', before: '', after: '' }),
  notThere: Object.freeze(['Not found.']),
})

/**
 * The answer in the upstream's form. `undefined` where its text is not what stands at its place in the context, where it
 * cannot be read back from what would be written, and for "not there" where the upstream never said so.
 */
export function writeAnswer(
  rendering: Rendering,
  input: TaskInput,
  { span }: QuestionAnswer,
): string | undefined {
  if (rendering.kind !== 'answer' || input.kind !== 'question') return undefined
  if (span === undefined) return rendering.notThere[0]
  if (span.end <= span.start || input.context.slice(span.start, span.end) !== span.text) return undefined
  const written = render(rendering.found, span.text)
  const isClear = parse(rendering.found, written) === span.text && !rendering.notThere.includes(written)
  return isClear ? written : undefined
}

/** What an answer says: a text, or that it is not there; `undefined` where it has another form. */
export type SaidAnswer = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'not-there' }

/** Reads an answer, also in a slightly other form; whether its text stands in the context is not asked. */
export function readAnswer({ found, notThere }: AnswerRendering, answer: string): SaidAnswer | undefined {
  const trimmed = answer.trim()
  if (notThere.some((text) => text.trim() === trimmed)) return { kind: 'not-there' }
  const text = read(found, answer)
  return text === undefined ? undefined : { kind: 'text', text }
}

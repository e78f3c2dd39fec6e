// Rows of a task as a reader learns from them: windows of the text, with the places in each where the answer is.
import type { ExampleId } from '../../../base/ids.ts'
import type { Example } from '../../../data/example.ts'
import type { QuestionAnswer } from '../../../task/question-answering/answer-text.ts'
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { type QuestionWindow, questionWindows, type WindowLimits } from './question-windows.ts'
import type { QuestionReader, ReadContext, ReadQuestion } from './read-context.ts'
import { type MarkedPair, markPair } from './token-marks.ts'
import type { WordKnowledge } from './word-knowledge.ts'

/** A question about a context, read. */
export interface ReadPair {
  readonly question: ReadQuestion
  readonly context: ReadContext
  readonly marked: MarkedPair
  readonly windows: readonly QuestionWindow[]
}

/** What pairs are read with. */
export interface PairReading {
  readonly tokenizer: Tokenizer
  readonly reader: QuestionReader
  readonly knowledge: WordKnowledge
  readonly limits: WindowLimits
}

/** Reads a pair of texts. */
export function readPair(
  { question: asked, context: text }: { readonly question: string; readonly context: string },
  { tokenizer, reader, knowledge, limits }: PairReading,
): ReadPair {
  const [question, context] = [reader.question(asked), reader.context(text)]
  const marked = markPair(question, context, knowledge)
  return {
    question,
    context,
    marked,
    windows: questionWindows(tokenizer, { question, context, marked }, limits),
  }
}

export interface QuestionRow {
  readonly example: ExampleId
  readonly pair: ReadPair
  readonly answer: QuestionAnswer
  readonly weight: number
}

/** An example as a row. */
export function questionRow({ id, input, output, weight }: Example, reading: PairReading): QuestionRow {
  const { question, context } = input.kind === 'question' ? input : { question: '', context: '' }
  const answer: QuestionAnswer = output.kind === 'answer' ? output : { kind: 'answer' }
  return { example: id, pair: readPair({ question, context }, reading), answer, weight }
}

/** What a plain baseline is: the methods that every specialist is put beside, fitted on the same training rows. */
import type { WorkOptions } from '../base/progress.ts'
import type { Span, TaskInput, TaskOutput } from '../task/types.ts'

export type BaselineName = 'majority' | 'tfidf-lr' | 'dictionary' | 'not-there' | 'lexical-sentence'

export interface FittedBaseline {
  /** One label for each text. */
  predict(texts: readonly string[], options?: Pick<WorkOptions, 'signal'>): Promise<readonly string[]>
}

/** A baseline of single labels. */
export interface Baseline {
  readonly name: 'majority' | 'tfidf-lr'
  /** Fits on texts and their labels, in step. */
  fit(
    texts: readonly string[],
    labels: readonly string[],
    options: WorkOptions & { readonly seed: number },
  ): Promise<FittedBaseline>
}

export interface FittedSpanBaseline {
  /** The spans of each text. */
  predict(texts: readonly string[]): readonly (readonly Span[])[]
}

/** A baseline of spans. */
export interface SpanBaseline {
  readonly name: 'dictionary'
  /** Fits on texts and their spans, in step. */
  fit(texts: readonly string[], spans: readonly (readonly Span[])[]): FittedSpanBaseline
}

/** A baseline of answers to questions; it learns nothing. */
export interface AnswerBaseline {
  readonly name: 'not-there' | 'lexical-sentence'
  /** The answer to one question. */
  answer(input: Extract<TaskInput, { kind: 'question' }>): TaskOutput
}

/** Any of them. */
export type PlainBaseline = Baseline | SpanBaseline | AnswerBaseline

/** What a plain baseline is: the methods that every specialist is put beside, fitted on the same training rows. */
import type { WorkOptions } from '../base/progress.ts'
import type { Span } from '../task/types.ts'

export type BaselineName = 'majority' | 'tfidf-lr' | 'dictionary'

export interface FittedBaseline {
  /** One label for each text. */
  predict(texts: readonly string[], options?: Pick<WorkOptions, 'signal'>): Promise<readonly string[]>
}

/** A baseline of single labels. */
export interface Baseline {
  readonly name: Exclude<BaselineName, 'dictionary'>
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

/** What a plain baseline is: the methods that every specialist is put beside, fitted on the same training rows. */
import type { WorkOptions } from '../base/progress.ts'

export type BaselineName = 'majority' | 'tfidf-lr'

export interface FittedBaseline {
  /** One label for each text. */
  predict(texts: readonly string[], options?: Pick<WorkOptions, 'signal'>): Promise<readonly string[]>
}

export interface Baseline {
  readonly name: BaselineName
  /** Fits on texts and their labels, in step. */
  fit(
    texts: readonly string[],
    labels: readonly string[],
    options: WorkOptions & { readonly seed: number },
  ): Promise<FittedBaseline>
}

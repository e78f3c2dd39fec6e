/** Counts of what rows hold that have no label: spans by their labels, answers there and not there. */
import type { TaskOutput } from '../task/types.ts'
import { type LabelCount, sortedCounts } from './labels.ts'

export interface SpanCounts {
  readonly total: number
  /** Texts without any span. */
  readonly emptyRows: number
  /** The most frequent label first. */
  readonly labels: readonly LabelCount[]
}

export interface AnswerCounts {
  readonly inContext: number
  /** Questions whose answer is not in the context. */
  readonly notInContext: number
  /** Questions with several right answers. */
  readonly several: number
}

/** What the outputs of texts with spans, or of questions, hold; absent where there are none. */
export interface OutputCounts {
  readonly spans?: SpanCounts
  readonly answers?: AnswerCounts
}

/** Counts outputs one by one. */
export class OutputCounter {
  readonly #labels = new Map<string, number>()
  #spanRows = 0
  #emptyRows = 0
  #spans = 0
  #inContext = 0
  #notInContext = 0
  #several = 0

  add(output: TaskOutput): void {
    if (output.kind === 'spans') {
      this.#spanRows++
      if (output.spans.length === 0) this.#emptyRows++
      for (const { label = '' } of output.spans) this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1)
      this.#spans += output.spans.length
    } else if (output.kind === 'answer') {
      if (output.span === undefined) this.#notInContext++
      else this.#inContext++
      if (output.others !== undefined) this.#several++
    }
  }

  report(): OutputCounts {
    const questions = this.#inContext + this.#notInContext
    return {
      ...(this.#spanRows > 0 && {
        spans: { total: this.#spans, emptyRows: this.#emptyRows, labels: sortedCounts(this.#labels) },
      }),
      ...(questions > 0 && {
        answers: { inContext: this.#inContext, notInContext: this.#notInContext, several: this.#several },
      }),
    }
  }
}

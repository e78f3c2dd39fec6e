/** The report of an import: what the files hold and what a person should look at before training on it. */

import type { TaskOutput } from '../task/types.ts'
import { duplicateKey } from './duplicate-key.ts'
import { DuplicateFinder, type DuplicateReport, type RowPlace } from './duplicates.ts'
import type { Example } from './example.ts'
import { outputText } from './example-set.ts'
import { type LabelCount, type LabelVariants, labelVariants, sortedCounts } from './labels.ts'
import { LengthHistogram, type LengthSummary } from './lengths.ts'
import { OutputCounter, type OutputCounts } from './output-counts.ts'

/** Rows that give no example, by reason. */
export interface LeftOutRows {
  readonly reason: string
  readonly rows: number
  readonly samples: readonly RowPlace[]
}

export interface LabelReport {
  /** How many different ones were counted. */
  readonly distinct: number
  /** Outputs that were not: longer than a label can be, or beyond 10,000 different ones. */
  readonly uncounted: number
  /** The most frequent first, at most 200. */
  readonly counts: readonly LabelCount[]
  readonly variants: readonly LabelVariants[]
}

export interface DataReport extends OutputCounts {
  readonly rows: number
  readonly examples: number
  readonly leftOut: readonly LeftOutRows[]
  readonly labels: LabelReport
  readonly duplicates: DuplicateReport
  /** Lengths of the inputs in UTF-16 units. */
  readonly lengths: LengthSummary
  /** Sentences about what may go wrong in training. */
  readonly warnings: readonly string[]
}

/** Labels counted by name; beyond them, and for longer texts, the output is no label. */
const mostDistinct = 10_000
const longestLabel = 200
const shownLabels = 200
const mostSamples = 5
/** Most labels of a classification task. */
const mostClasses = 200
/** Fewest errorless rows that certify risk 0.02 at confidence 0.95. */
const fewestCertified = 149

/** Gathers the report row by row, in bounded memory. */
export class ReportBuilder {
  readonly #duplicates = new DuplicateFinder()
  readonly #labels = new Map<string, number>()
  readonly #leftOut = new Map<string, { rows: number; samples: RowPlace[] }>()
  readonly #lengths = new LengthHistogram()
  readonly #outputs = new OutputCounter()
  #uncounted = 0
  #rows = 0
  #examples = 0

  get rows(): number {
    return this.#rows
  }

  addExample(example: Example, place: RowPlace): void {
    this.#rows++
    this.#examples++
    const { output } = example
    this.#duplicates.add({ key: duplicateKey(example.input), output: readable(output), place })
    this.#lengths.add(inputLength(example))
    this.#outputs.add(output)
    if (output.kind === 'labels') for (const label of output.labels) this.#countLabel(label)
    if (output.kind === 'text') this.#countLabel(output.text)
  }

  addLeftOut(reason: string, place: RowPlace): void {
    this.#rows++
    const entry = this.#leftOut.get(reason) ?? { rows: 0, samples: [] }
    entry.rows++
    if (entry.samples.length < mostSamples) entry.samples.push(place)
    this.#leftOut.set(reason, entry)
  }

  report(): DataReport {
    const counts = sortedCounts(this.#labels)
    const facts: Omit<DataReport, 'warnings'> = {
      rows: this.#rows,
      examples: this.#examples,
      leftOut: [...this.#leftOut].map(([reason, entry]) => ({ reason, ...entry })),
      labels: {
        distinct: counts.length,
        uncounted: this.#uncounted,
        counts: counts.slice(0, shownLabels),
        variants: labelVariants(counts),
      },
      duplicates: this.#duplicates.report(),
      lengths: this.#lengths.summary(),
      ...this.#outputs.report(),
    }
    return { ...facts, warnings: warningsOf(facts) }
  }

  #countLabel(label: string): void {
    const count = this.#labels.get(label)
    if (count !== undefined) this.#labels.set(label, count + 1)
    else if (label.length > longestLabel || this.#labels.size >= mostDistinct) this.#uncounted++
    else this.#labels.set(ownCopy(label), 1)
  }
}

/** A text that does not keep alive the piece of the file it was cut from. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}

/** An output as a person reads it; different outputs stay different but for labels with commas. */
function readable(output: TaskOutput): string {
  if (output.kind === 'labels') return output.labels.join(', ')
  return output.kind === 'text' ? output.text : outputText(output)
}

function inputLength({ input }: Example): number {
  if (input.kind === 'text') return input.text.length
  if (input.kind === 'question') return input.question.length + input.context.length
  return input.messages.reduce((sum, message) => sum + message.content.length, 0)
}

function warningsOf(facts: Omit<DataReport, 'warnings'>): readonly string[] {
  const { labels, examples, duplicates } = facts
  const [first] = labels.counts
  const isClosed = labels.uncounted === 0 && labels.distinct <= mostClasses
  const rare = labels.counts.filter((label) => label.count < 5).length
  return [
    labels.distinct === 1 && isClosed
      ? `Every row carries the same output, ${JSON.stringify(first?.label)}: there is nothing to tell apart.`
      : '',
    examples < fewestCertified
      ? `Few rows (${examples}): a certificate at risk 0.02 needs at least ${fewestCertified} rows besides those trained on.`
      : '',
    !isClosed
      ? `${labels.uncounted > 0 ? 'Many or long' : labels.distinct} different outputs: no classification, which has at most ${mostClasses}. Is it the right output column?`
      : '',
    isClosed && rare > 0 ? `Labels with fewer than 5 rows: ${rare} of ${labels.distinct}.` : '',
    labels.variants.length > 0
      ? `Some labels differ only in case or spaces: ${labels.variants.slice(0, 3).map(showVariants).join('; ')}. Training refuses them unless --merge-labels is given.`
      : '',
    duplicates.contradictoryRows > 0
      ? `Rows whose twin carries another output: ${duplicates.contradictoryRows}, of ${duplicates.contradictoryInputs} inputs.`
      : '',
  ].filter((warning) => warning !== '')
}

function showVariants({ variants }: LabelVariants): string {
  return variants.map(({ label, count }) => `${JSON.stringify(label)} (${count})`).join(' and ')
}

/** A specialist beside the plain baselines, and beside the upstream where its answers are known, on the same test rows. */
import { assert, throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { type PairedDifference, pairedDifference } from '../stats/paired.ts'
import type { TaskOutput } from '../task/types.ts'
import type { Baseline, BaselineName } from './baseline.ts'
import { judge } from './judge.ts'

export interface Contender {
  readonly name: BaselineName | 'upstream'
  /** Share of test rows whose output is right, with its 95% interval. */
  readonly accuracy: Estimate
  /** The specialist's accuracy less this one's, on the same rows: 95% paired interval, McNemar's p-value. */
  readonly specialistLead: PairedDifference
}

export interface Comparison {
  readonly rows: number
  readonly accuracy: Estimate
  readonly contenders: readonly Contender[]
}

export interface CompareInput {
  readonly train: readonly Example[]
  readonly test: readonly Example[]
  /** The specialist's answers to the test rows, in step. */
  readonly predictions: readonly { readonly output: TaskOutput }[]
  readonly baselines: readonly Baseline[]
  /** The upstream's answers to the test rows, where the right ones are known from elsewhere. */
  readonly upstream?: readonly { readonly output: TaskOutput }[]
  readonly seed: number
}

/** Fits each baseline on the training rows and compares all on the test rows; inputs are texts, outputs single labels. */
export async function compareWithBaselines(
  input: CompareInput,
  options: WorkOptions = {},
): Promise<Comparison> {
  const right = judge(input.predictions, input.test)
  const contenders: Contender[] = []
  const add = (name: Contender['name'], theirs: readonly boolean[]): void => {
    const random = seededRandom(input.seed).fork(`lead over ${name}`)
    contenders.push({
      name,
      accuracy: share(theirs),
      specialistLead: pairedDifference(right, theirs, { random }),
    })
  }
  const [texts, labels] = [input.train.map(textOf), input.train.map(labelOf)]
  for (const baseline of input.baselines) {
    throwIfCancelled(options.signal, 'fitting the baselines')
    options.progress?.({
      stage: 'baseline',
      done: contenders.length,
      total: input.baselines.length,
      detail: baseline.name,
    })
    const fitted = await baseline.fit(texts, labels, { seed: input.seed, ...options })
    const predicted = await fitted.predict(input.test.map(textOf), options)
    add(
      baseline.name,
      predicted.map((label, row) => label === labelOf(input.test[row]!)),
    )
  }
  if (input.upstream !== undefined) add('upstream', judge(input.upstream, input.test))
  return { rows: right.length, accuracy: share(right), contenders }
}

function share(right: readonly boolean[]): Estimate {
  return wilson(right.filter(Boolean).length, right.length)
}

function textOf(example: Example): string {
  assert(example.input.kind === 'text', 'the plain baselines read texts only')
  return example.input.text
}

function labelOf(example: Example): string {
  const label = example.output.kind === 'labels' ? example.output.labels[0] : undefined
  assert(label !== undefined, 'the plain baselines give one label')
  return label
}

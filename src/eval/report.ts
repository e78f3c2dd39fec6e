/** A specialist beside the plain baselines, and beside the upstream where its answers are known, on the same test rows. */
import { assert, throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { type PairedDifference, pairedDifference } from '../stats/paired.ts'
import type { TaskOutput } from '../task/types.ts'
import type { Baseline, BaselineName, FittedBaseline } from './baseline.ts'
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

/** A baseline that has learned from the training rows. */
export interface FittedContender {
  readonly name: BaselineName
  readonly fitted: FittedBaseline
}

export interface CompareInput {
  readonly test: readonly Example[]
  /** The specialist's answers to the test rows, in step. */
  readonly predictions: readonly { readonly output: TaskOutput }[]
  readonly baselines: readonly FittedContender[]
  /** The upstream's answers to the test rows, where the right ones are known from elsewhere. */
  readonly upstream?: readonly { readonly output: TaskOutput }[]
  readonly seed: number
}

/** Fits each baseline on the training rows; inputs are texts, outputs single labels. */
export async function fitBaselines(
  baselines: readonly Baseline[],
  train: readonly Example[],
  options: WorkOptions & { readonly seed: number },
): Promise<readonly FittedContender[]> {
  const [texts, labels] = [train.map(textOf), train.map(labelOf)]
  const contenders: FittedContender[] = []
  for (const baseline of baselines) {
    throwIfCancelled(options.signal, 'fitting the baselines')
    contenders.push({ name: baseline.name, fitted: await baseline.fit(texts, labels, options) })
  }
  return contenders
}

/** Asks each baseline for the test rows and puts the specialist's answers beside theirs. */
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
  for (const { name, fitted } of input.baselines) {
    throwIfCancelled(options.signal, 'comparing with the baselines')
    const predicted = await fitted.predict(input.test.map(textOf), options)
    add(
      name,
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

/**
 * What is the matter with a set of labelled rows, found before anything is trained: near duplicates, likely label errors,
 * classes too small, texts too long, test rows that stand in the training part, each with what it does to the score of
 * a plain model in cross-validation. Says which rows; what is done about them is the user's word.
 */
import { throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { comparedText, outputText, readableInput } from '../data/example-set.ts'
import { findLabelErrors, type LabelSuspect, type OutOfFold } from '../data/label-errors.ts'
import { type NearDuplicate, NearDuplicateFinder } from '../data/near-duplicates.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { outOfFoldModel } from './out-of-fold.ts'

/** UTF-16 units above which a text is too long: no tier reads more at the speed that it promises. */
export const longestUnits = 4096
/** Rows below which a class is too small to be learned or tested. */
export const fewestRows = 20
/** Rows that are looked at; of more, a random part. */
const mostRows = 50_000
const fewestForFolds = 40

/** Score of a plain model on the rows that a finding names and on all others, each by models that had not seen the row. */
export interface Effect {
  readonly named: Estimate
  readonly others: Estimate
}

export interface DataFindings {
  /** Rows that were looked at, as positions in the examples. */
  readonly rows: Int32Array
  /** Score of the plain model in cross-validation; absent where outputs are not one label each. */
  readonly score?: Estimate
  /** Labels with fewer than {@link fewestRows} rows, and their rows. */
  readonly smallClasses: Finding & { readonly labels: readonly string[] }
  readonly tooLong: Finding
  /** Rows that are the same as an earlier one, or nearly. */
  readonly duplicates: Finding
  /** Rows of one input with different outputs, all of them. */
  readonly contradictions: Finding
  readonly nearDuplicates: Finding & { readonly pairs: readonly NearDuplicate[] }
  /** Rows of the training part that a test row repeats, or nearly; absent where there is no test part. */
  readonly leaks?: Finding & { readonly testRows: readonly number[] }
  /** Absent where outputs are not one label each, or rows are too few. */
  readonly labelErrors?: LabelErrorFinding
}

export interface Finding {
  /** Positions in the examples. */
  readonly rows: readonly number[]
  readonly effect?: Effect
}

export interface SuspectRow {
  readonly row: number
  readonly given: string
  readonly likely: string
  /** 0..1, probability of the given label to a model that has not seen the row. */
  readonly selfConfidence: number
}

export interface LabelErrorFinding {
  /** The most suspect first. */
  readonly suspects: readonly SuspectRow[]
  /** Estimated share of wrong labels, 0..1. */
  readonly errorShare: number
  /** Score on the rows that are no suspects: learning from all rows, and learning without the suspects. */
  readonly withSuspects: Estimate
  readonly withoutSuspects: Estimate
}

export interface FindingOptions extends WorkOptions {
  readonly seed: number
  /** Rows that will be tested on. */
  readonly test?: readonly Example[]
}

/** Looks at the rows. */
export async function findInData(
  examples: readonly Example[],
  options: FindingOptions,
): Promise<DataFindings> {
  const rows = chosenRows(examples.length, options.seed)
  const texts = Array.from(rows, (row) => comparedText(examples[row]!.input))
  const { finder, twins } = findTwins(texts, options)
  const labelled = labelledRows(examples, rows)
  const crossed = labelled && (await crossValidate({ ...labelled, texts, twins }, options))
  const right = crossed && rightOf(crossed.all)
  const finding = (places: readonly number[]): Finding => ({
    rows: places.map((place) => rows[place]!),
    ...(right && places.length > 0 && { effect: effectOf(right, places) }),
  })
  const places = (test: (place: number) => boolean): readonly number[] =>
    [...rows.keys()].filter((place) => test(place))
  const small = labelled ? smallClasses(labelled) : new Set<number>()
  return {
    rows,
    ...(right && { score: wilson(right.filter(Boolean).length, right.length) }),
    smallClasses: {
      labels: [...small].map((label) => labelled!.names[label]!),
      ...finding(places((place) => small.has(labelled?.classes[place] ?? -1))),
    },
    tooLong: finding(places((place) => readableInput(examples[rows[place]!]!.input).length > longestUnits)),
    duplicates: finding(twins.filter(({ similarity }) => similarity === 1).map(({ row }) => row)),
    contradictions: finding(contradicting(twins, (place) => outputText(examples[rows[place]!]!.output))),
    nearDuplicates: {
      pairs: twins
        .filter(({ similarity }) => similarity < 1)
        .map(({ row, of, similarity }) => ({ row: rows[row]!, of: rows[of]!, similarity })),
      ...finding(twins.filter(({ similarity }) => similarity < 1).map(({ row }) => row)),
    },
    ...(options.test && { leaks: findLeaks(finder, rows, options.test) }),
    ...(labelled && crossed && { labelErrors: labelErrorsOf(labelled.names, rows, crossed) }),
  }
}

function chosenRows(count: number, seed: number): Int32Array {
  const all = Int32Array.from({ length: count }, (_, row) => row)
  if (count <= mostRows) return all
  return seededRandom(seed).fork('findings').shuffle(all).slice(0, mostRows).sort()
}

function contradicting(
  twins: readonly NearDuplicate[],
  outputOf: (place: number) => string,
): readonly number[] {
  const differing = twins.filter(
    ({ row, of, similarity }) => similarity === 1 && outputOf(row) !== outputOf(of),
  )
  return [...new Set(differing.flatMap(({ row, of }) => [row, of]))].sort((a, b) => a - b)
}

interface Twins {
  /** Holds all texts. */
  readonly finder: NearDuplicateFinder
  readonly twins: readonly NearDuplicate[]
}

function findTwins(texts: readonly string[], options: WorkOptions): Twins {
  const finder = new NearDuplicateFinder()
  const twins = texts.flatMap((text, at) => {
    if (at % 1000 === 0) {
      throwIfCancelled(options.signal, 'looking for duplicates')
      options.progress?.({ stage: 'looking for duplicates', done: at, total: texts.length })
    }
    return finder.add(text) ?? []
  })
  return { finder, twins }
}

interface Labelled {
  readonly names: readonly string[]
  readonly classes: Int32Array
}

/** Classes by number where every output is one label and there are at least two. */
function labelledRows(examples: readonly Example[], rows: Int32Array): Labelled | undefined {
  const labels: string[] = []
  for (const row of rows) {
    const { output } = examples[row]!
    if (output.kind !== 'labels' || output.labels.length !== 1) return undefined
    labels.push(output.labels[0]!)
  }
  const names = [...new Set(labels)].sort()
  if (names.length < 2 || labels.length < fewestForFolds) return undefined
  const numbers = new Map(names.map((name, index) => [name, index]))
  return { names, classes: Int32Array.from(labels, (label) => numbers.get(label)!) }
}

interface Crossed {
  readonly all: OutOfFold
  readonly suspects: readonly LabelSuspect[]
  readonly errorShare: number
  /** The same models without the suspects among their training rows. */
  readonly cleaned: OutOfFold
}

async function crossValidate(
  { texts, names, classes, twins }: Labelled & { texts: readonly string[]; twins: readonly NearDuplicate[] },
  { seed, ...work }: FindingOptions,
): Promise<Crossed> {
  const groups = Int32Array.from(classes.keys())
  // A row and its repeat stand in one fold, or the model would have seen the row. Near repeats may not: a class whose
  // texts are all much alike would lie in one fold, and no model would know it.
  for (const { row, of, similarity } of twins) if (similarity === 1) groups[row] = groups[of]!
  const model = outOfFoldModel({ texts, classes, classCount: names.length, groups })
  const all = await model.predict({ seed, ...work })
  const { suspects, errorShare } = findLabelErrors(all)
  const learns = new Uint8Array(classes.length).fill(1)
  for (const { row } of suspects) learns[row] = 0
  return { all, suspects, errorShare, cleaned: await model.predict({ seed, learns, ...work }) }
}

function labelErrorsOf(
  names: readonly string[],
  rows: Int32Array,
  { all, suspects, errorShare, cleaned }: Crossed,
): LabelErrorFinding {
  const suspected = new Set(suspects.map(({ row }) => row))
  const score = (outOfFold: OutOfFold): Estimate => {
    const right = rightOf(outOfFold).filter((_, place) => !suspected.has(place))
    return wilson(right.filter(Boolean).length, right.length)
  }
  return {
    suspects: suspects.map(({ row, given, likely, selfConfidence }) => ({
      row: rows[row]!,
      given: names[given]!,
      likely: names[likely]!,
      selfConfidence,
    })),
    errorShare,
    withSuspects: score(all),
    withoutSuspects: score(cleaned),
  }
}

function rightOf({ probabilities, classes, classCount }: OutOfFold): readonly boolean[] {
  return Array.from(classes, (given, row) => {
    const own = probabilities.subarray(row * classCount, (row + 1) * classCount)
    return own.every((probability, c) => c === given || probability < own[given]!)
  })
}

/** What a part of the rows, named by place, does to a score: how often those were right, and how often the others. */
export function effectOf(right: readonly boolean[], places: readonly number[]): Effect {
  const named = new Set(places)
  const score = (part: readonly boolean[]): Estimate => wilson(part.filter(Boolean).length, part.length)
  return {
    named: score(right.filter((_, place) => named.has(place))),
    others: score(right.filter((_, place) => !named.has(place))),
  }
}

function smallClasses({ names, classes }: Labelled): ReadonlySet<number> {
  const counts = new Uint32Array(names.length)
  for (const given of classes) counts[given]!++
  return new Set([...names.keys()].filter((label) => counts[label]! < fewestRows))
}

/** Training rows that a test row repeats, or nearly, and those test rows. */
function findLeaks(
  finder: NearDuplicateFinder,
  rows: Int32Array,
  test: readonly Example[],
): NonNullable<DataFindings['leaks']> {
  const found = test.flatMap((example, testRow) => {
    const twin = finder.find(comparedText(example.input))
    return twin ? [{ testRow, row: rows[twin.of]! }] : []
  })
  return {
    rows: [...new Set(found.map(({ row }) => row))],
    testRows: found.map(({ testRow }) => testRow),
  }
}

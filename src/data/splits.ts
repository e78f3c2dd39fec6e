/**
 * Three parts that share no group and no duplicate, seeded, each label in each part as its share says.
 * Rows of one input or one group form a unit (union-find); units are shuffled within their label and dealt to the part
 * that is furthest behind, so a unit's part depends on chance and sizes alone, as the certificate needs.
 */
import { assert } from '../base/errors.ts'
import type { ExampleId } from '../base/ids.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { OutputSpace } from '../task/types.ts'
import { duplicateKey, key64 } from './duplicate-key.ts'
import type { Example, Splits } from './example.ts'
import { exampleSet, outputText } from './example-set.ts'
import { KeyTable } from './key-table.ts'

/** Shares of the rows, summing to 1; where a test set is given its share goes to the other two. */
export interface SplitFractions {
  readonly train: number
  readonly calibration: number
  readonly test: number
}

export interface SplitOptions {
  readonly seed: number
  readonly fractions?: SplitFractions
  /** A test set that is kept as it is; rows that share an input or a group with it are dropped from the others. */
  readonly test?: readonly Example[]
  /** Rows that stand in a part already, by an earlier split: they stay there, and what belongs together follows them. */
  readonly settled?: SplitParts
}

/** In which part a row stands. */
export type SplitParts = ReadonlyMap<ExampleId, keyof Splits>

export interface SplitOutcome extends Splits {
  /** Rows that stand in the given test set too, or share a group with it, and so are in no part. */
  readonly dropped: readonly Example[]
}

const defaultFractions: SplitFractions = Object.freeze({ train: 0.6, calibration: 0.2, test: 0.2 })

/** The parts, in the order in which rows are dealt. */
export const partNames = ['train', 'calibration', 'test'] as const

/** Splits examples; the same examples in the same order with the same seed give the same parts. */
export function splitExamples(examples: readonly Example[], options: SplitOptions): SplitOutcome {
  const { kept, dropped } = withoutTest(examples, options.test ?? [])
  const shares = sharesOf(options)
  const random = seededRandom(options.seed).fork('splits')
  const units = unitsOf(kept)
  const settled = units.map((unit) => settledPart(unit, { examples: kept, ...options }))
  const parts = deal(
    units.filter((_, at) => settled[at] === undefined),
    { shares, rows: kept.length, random },
  )
  for (const [at, part] of settled.entries())
    if (part !== undefined) for (const row of units[at]!.rows) parts[row] = partNames.indexOf(part)
  const setOf = (part: number): Splits['train'] => exampleSet(kept.filter((_, at) => parts[at] === part))
  return {
    train: setOf(0),
    calibration: setOf(1),
    test: options.test === undefined ? setOf(2) : exampleSet(options.test),
    dropped,
  }
}

/** The rows of a set whose outputs are of the space's kind: others are judged by, never trained on. */
export function trainable(set: Splits['train'], space: OutputSpace): Splits['train'] {
  const kept = set.examples.filter(({ output }) => output.kind === space.kind)
  return kept.length === set.examples.length ? set : exampleSet(kept)
}

/** Which rows stand in which part, by id, for a specialist to keep: ids of one part in order, one a line. */
export function splitRecord(splits: Splits): { readonly [part in (typeof partNames)[number]]: string } {
  const idsOf = (name: (typeof partNames)[number]): string =>
    splits[name].examples.map((example) => example.id).join('\n')
  return { train: idsOf('train'), calibration: idsOf('calibration'), test: idsOf('test') }
}

function sharesOf(options: SplitOptions): readonly number[] {
  const fractions = options.fractions ?? defaultFractions
  const given = partNames.map((name) => (name === 'test' && options.test !== undefined ? 0 : fractions[name]))
  const sum = given.reduce((total, share) => total + share, 0)
  assert(given.every((share) => share >= 0) && sum > 0, `fractions ${given.join(', ')} are no shares`)
  return given.map((share) => share / sum)
}

function withoutTest(
  examples: readonly Example[],
  test: readonly Example[],
): { readonly kept: readonly Example[]; readonly dropped: readonly Example[] } {
  if (test.length === 0) return { kept: examples, dropped: [] }
  const keys = new KeyTable()
  const groups = new Set<string>()
  for (const example of test) {
    keys.add(duplicateKey(example.input))
    if (example.group !== undefined) groups.add(example.group)
  }
  const isTested = (example: Example): boolean =>
    keys.find(duplicateKey(example.input)) !== undefined ||
    (example.group !== undefined && groups.has(example.group))
  const kept: Example[] = []
  const dropped: Example[] = []
  for (const example of examples) (isTested(example) ? dropped : kept).push(example)
  return { kept, dropped }
}

/** Rows that must stay together, and the output that most of them have. */
interface Unit {
  readonly rows: readonly number[]
  readonly stratum: string
}

function unitsOf(examples: readonly Example[]): readonly Unit[] {
  const parent = Uint32Array.from(examples, (_, at) => at)
  const rootOf = (at: number): number => {
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!
      at = parent[at]!
    }
    return at
  }
  const join = (a: number, b: number): void => {
    const [first, second] = [rootOf(a), rootOf(b)]
    parent[Math.max(first, second)] = Math.min(first, second)
  }
  const keys = new KeyTable()
  const firstRow: number[] = []
  examples.forEach((example, at) => {
    const ownKeys = [duplicateKey(example.input)]
    if (example.group !== undefined) ownKeys.push(key64(`group\n${example.group}`))
    for (const key of ownKeys) {
      const number = keys.add(key)
      const first = firstRow[number]
      if (first === undefined) firstRow[number] = at
      else join(first, at)
    }
  })
  const members = new Map<number, number[]>()
  examples.forEach((_, at) => {
    const root = rootOf(at)
    const rows = members.get(root)
    if (rows === undefined) members.set(root, [at])
    else rows.push(at)
  })
  const counts = spanLabelCounts(examples)
  return [...members.values()].map((rows) => ({ rows, stratum: stratumOf(rows, { examples, counts }) }))
}

/**
 * Where an earlier split put a row of the unit; a unit that it learned a row of stays with what is learned from. Where a
 * test set is given, what was tested on before is dealt afresh.
 */
function settledPart(
  { rows }: Unit,
  {
    examples,
    settled,
    test,
  }: Pick<SplitOptions, 'settled' | 'test'> & { readonly examples: readonly Example[] },
): keyof Splits | undefined {
  if (settled === undefined) return undefined
  const parts = rows.map((row) => settled.get(examples[row]!.id))
  return partNames.find((name) => parts.includes(name) && (name !== 'test' || test === undefined))
}

/** How many rows have each label of spans. */
function spanLabelCounts(examples: readonly Example[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { output } of examples)
    if (output.kind === 'spans')
      for (const label of new Set(output.spans.map((span) => span.label ?? '')))
        counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

interface Stratifying {
  readonly examples: readonly Example[]
  readonly counts: ReadonlyMap<string, number>
}

/** The usual label, or of spans the rarest label, so that each part has its share of the rows that have it. */
function stratumOf(rows: readonly number[], { examples, counts }: Stratifying): string {
  const spans = rows.flatMap((row) => {
    const { output } = examples[row]!
    return output.kind === 'spans' ? output.spans.map((span) => span.label ?? '') : []
  })
  if (spans.length === 0) return usualOutput(rows, examples)
  return spans.reduce((rarest, label) => (counts.get(label)! < counts.get(rarest)! ? label : rarest))
}

function usualOutput(rows: readonly number[], examples: readonly Example[]): string {
  const first = examples[rows[0]!]!.output
  // Outputs that are not labels are all different: one stratum for them all.
  if (first.kind !== 'labels') return ''
  if (rows.length === 1) return outputText(first)
  const counts = new Map<string, number>()
  for (const row of rows) {
    const output = outputText(examples[row]!.output)
    counts.set(output, (counts.get(output) ?? 0) + 1)
  }
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
}

/** Part of each row. What a part is behind carries over from label to label, so that rare labels are dealt fairly too. */
function deal(
  units: readonly Unit[],
  {
    shares,
    rows,
    random,
  }: { readonly shares: readonly number[]; readonly rows: number; readonly random: Random },
): Uint8Array {
  const strata = new Map<string, Unit[]>()
  for (const unit of units) {
    const stratum = strata.get(unit.stratum)
    if (stratum === undefined) strata.set(unit.stratum, [unit])
    else stratum.push(unit)
  }
  const behind = shares.map(() => 0)
  const next = (size: number): number => {
    let most = 0
    for (let part = 0; part < shares.length; part++) {
      behind[part]! += shares[part]! * size
      if (behind[part]! > behind[most]!) most = part
    }
    behind[most]! -= size
    return most
  }
  // A random phase: without it the first rows dealt would always go to the same parts.
  for (let steps = random.below(1000); steps > 0; steps--) next(1)
  const parts = new Uint8Array(rows)
  for (const stratum of random.shuffle([...strata.values()])) {
    for (const unit of random.shuffle(stratum)) {
      const part = next(unit.rows.length)
      for (const row of unit.rows) parts[row] = part
    }
  }
  return parts
}

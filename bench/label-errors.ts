/** Whether label errors are found: labels of dair_emotion flipped by seed, and how many of the flips are among as many suspects. */
import { seededRandom } from '../src/base/random.ts'
import { findLabelErrors, type OutOfFold } from '../src/data/label-errors.ts'
import { outOfFoldModel } from '../src/eval/out-of-fold.ts'
import { readSet } from './data/labelled-sets.ts'
import type { Bench } from './harness.ts'

const flippedShare = 0.05
const seeds = [0, 1, 2] as const

interface Round {
  readonly seed: number
  readonly flips: number
  readonly suspects: number
  /** Share of the flips among as many suspects, and among as many rows that a model disagrees with most. */
  readonly found: number
  readonly foundByMargin: number
  readonly estimatedErrorShare: number
  readonly seconds: number
}

async function round(texts: readonly string[], labels: readonly string[], seed: number): Promise<Round> {
  const names = [...new Set(labels)].sort()
  const classes = Int32Array.from(labels, (label) => names.indexOf(label))
  const random = seededRandom(seed).fork('flips')
  const flipped = new Set(
    random.shuffle([...classes.keys()]).slice(0, Math.round(flippedShare * classes.length)),
  )
  for (const row of flipped)
    classes[row] = (classes[row]! + 1 + random.below(names.length - 1)) % names.length
  const began = performance.now()
  const input = { texts, classes, classCount: names.length, groups: Int32Array.from(classes.keys()) }
  const outOfFold = await outOfFoldModel(input).predict({ seed })
  const { suspects, errorShare } = findLabelErrors(outOfFold)
  const seconds = (performance.now() - began) / 1000
  const share = (rows: readonly number[]): number =>
    rows.filter((row) => flipped.has(row)).length / rows.length
  return {
    seed,
    flips: flipped.size,
    suspects: suspects.length,
    found: share(suspects.slice(0, flipped.size).map(({ row }) => row)),
    foundByMargin: share(byMargin(outOfFold).slice(0, flipped.size)),
    estimatedErrorShare: errorShare,
    seconds,
  }
}

/** The simplest rival: rows by how much more probable another class is than the given one. */
function byMargin({ probabilities, classes, classCount }: OutOfFold): readonly number[] {
  const margin = (row: number): number => {
    const own = probabilities.subarray(row * classCount, (row + 1) * classCount)
    const others = Math.max(...own.filter((_, c) => c !== classes[row]))
    return own[classes[row]!]! - others
  }
  const margins = Float64Array.from(classes, (_, row) => margin(row))
  return [...classes.keys()].sort((a, b) => margins[a]! - margins[b]!)
}

/** The bench. */
export const bench: Bench = {
  name: 'label-errors',
  title: 'flipped labels of dair_emotion among as many suspects: at least 60%',
  async run({ seed }) {
    const { train, digests } = readSet('dair_emotion')
    const [texts, labels] = [train.map(([text]) => text), train.map(([, label]) => label)]
    const rounds: Round[] = []
    for (const own of seeds) rounds.push(await round(texts, labels, seed + own))
    const worst = Math.min(...rounds.map(({ found }) => found))
    const margin = Math.min(...rounds.map(({ foundByMargin }) => foundByMargin))
    return {
      seed,
      options: { flippedShare, seeds: [...seeds] },
      data: digests,
      figures: [
        {
          what: 'dair_emotion, 5% of the labels flipped: flips among as many suspects, worst of three seeds',
          measured: `${(worst * 100).toFixed(1)}%`,
          target: 'at least 60%',
          met: worst >= 0.6,
          peer: `rows by the margin of the same model: ${(margin * 100).toFixed(1)}%`,
        },
      ],
      results: rounds.map((one) => ({ ...one })),
    }
  },
}

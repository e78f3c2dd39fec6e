/**
 * What a later specialist of a cascade says, together with what the one before it said: since that one was asked anyway,
 * its probabilities cost nothing more. A logarithmic pool (Genest and Zidek, 1986) with one exponent each, learned on
 * rows that neither had seen; it is kept where it tells the right answers better than the later one alone does.
 */
import { z } from 'zod'
import { assert } from '../base/errors.ts'
import { fitMixture, type MixtureWeights, mixLogits } from '../model/linear/mixture.ts'
import { largestIndex, softmaxInPlace } from '../model/linear/softmax.ts'
import type { Distribution } from '../task/predictor.ts'
import type { TaskOutput } from '../task/types.ts'
import type { HeldAside, RawPrediction, RawPredictor } from './tier.ts'

export const stackingSchema = z.object({ own: z.number().nonnegative(), earlier: z.number().nonnegative() })

/** Exponents of the later specialist's probabilities and of the earlier one's. */
export type Stacking = Readonly<z.infer<typeof stackingSchema>>

/** What both said of an input that neither had seen. */
export interface StackingRow {
  readonly own: Distribution
  readonly earlier: Distribution
  /** The right label. */
  readonly label: string
}

/** Fewer rows say nothing of two exponents. */
const leastRows = 50
/** The pool is kept where it takes this share off the mean loss (nats) on rows that its exponents were not learned on. */
const leastGain = 0.02
/** Probabilities below this are taken as this. */
const leastProbability = 1e-6

/** The exponents, or `undefined` where the earlier one adds nothing. */
export function fitStacking(rows: readonly StackingRow[]): Stacking | undefined {
  const usable = rows.filter(
    ({ own, earlier, label }) => sameLabels(own, earlier) && own.labels.includes(label),
  )
  if (usable.length < leastRows) return undefined
  const halves = [0, 1].map((half) => usable.filter((_, row) => row % 2 === half))
  const crossed = (isPooled: boolean): number =>
    lossOf(halves[0]!, weightsOn(halves[1]!, isPooled)) + lossOf(halves[1]!, weightsOn(halves[0]!, isPooled))
  if (crossed(true) > (1 - leastGain) * crossed(false)) return undefined
  const [own, earlier] = weightsOn(usable, true)
  return earlier > 0 && own > 0 ? { own, earlier } : undefined
}

/** What the later specialist said with what the earlier one did; novelty stays its own. */
export function stackedPrediction(
  said: RawPrediction,
  earlier: Distribution | undefined,
  { own, earlier: weight }: Stacking,
): RawPrediction {
  const { distribution } = said
  assert(distribution && earlier && sameLabels(distribution, earlier), 'what is stacked has other labels')
  const probabilities = new Float32Array(distribution.labels.length)
  mixLogits(probabilities, logs(distribution), logs(earlier), [own, weight])
  softmaxInPlace(probabilities)
  const answer = largestIndex(probabilities)
  return {
    ...said,
    output: { kind: 'labels', labels: [distribution.labels[answer]!] },
    score: probabilities[answer]!,
    distribution: { labels: distribution.labels, probabilities },
  }
}

/** What both said of a row that neither had seen, and what is right. */
export interface StackedPair {
  readonly own: HeldAside
  readonly earlier: HeldAside
  readonly output: TaskOutput
}

/** A pair as exponents are learned from it; none where one has no distribution, or the output no label. */
export function stackingRows({ own, earlier, output }: StackedPair): readonly StackingRow[] {
  const label = output.kind === 'labels' ? output.labels[0] : undefined
  return label !== undefined && own.distribution && earlier.distribution
    ? [{ own: own.distribution, earlier: earlier.distribution, label }]
    : []
}

/** The later specialist's row with what the earlier one's adds; as it was, where one has no distribution. */
export function stackedHeldAside({ own, earlier, output }: StackedPair, stacking: Stacking): HeldAside {
  if (!own.distribution || !earlier.distribution || output.kind !== 'labels') return own
  const said = stackedPrediction({ ...own, output }, earlier.distribution, stacking)
  const [label, ...others] = output.labels
  const isRight = others.length === 0 && said.output.kind === 'labels' && said.output.labels[0] === label
  return {
    ...own,
    score: said.score,
    correct: isRight,
    ...(said.distribution && { distribution: said.distribution }),
  }
}

/** A later specialist that is always told what the one before it said (`PredictOptions.earlier`). */
export function stackedPredictor(raw: RawPredictor, stacking: Stacking): RawPredictor {
  return {
    predict: async (inputs, options) =>
      (await raw.predict(inputs, options)).map((said, row) =>
        stackedPrediction(said, options?.earlier?.[row], stacking),
      ),
    sizeBytes: raw.sizeBytes,
    dispose: () => raw.dispose(),
  }
}

function sameLabels(a: Distribution, b: Distribution): boolean {
  return (
    a.labels === b.labels ||
    (a.labels.length === b.labels.length && a.labels.every((label, at) => label === b.labels[at]))
  )
}

function logs({ probabilities }: Distribution): Float32Array {
  return Float32Array.from(probabilities, (p) => Math.log(Math.max(leastProbability, p)))
}

function weightsOn(rows: readonly StackingRow[], isPooled: boolean): MixtureWeights {
  const classCount = rows[0]!.own.labels.length
  const sparse = new Float32Array(rows.length * classCount)
  const dense = new Float32Array(rows.length * classCount)
  for (const [row, { own, earlier }] of rows.entries()) {
    sparse.set(logs(own), row * classCount)
    if (isPooled) dense.set(logs(earlier), row * classCount)
  }
  const classes = Int32Array.from(rows, ({ own, label }) => own.labels.indexOf(label))
  const [own, earlier] = fitMixture({ sparse, dense, classes, classCount })
  return [own, isPooled ? earlier : 0]
}

/** Sum of the negative log-likelihoods. */
function lossOf(rows: readonly StackingRow[], [own, earlier]: MixtureWeights): number {
  let loss = 0
  for (const row of rows) {
    const mixed = new Float32Array(row.own.labels.length)
    mixLogits(mixed, logs(row.own), logs(row.earlier), [own, earlier])
    softmaxInPlace(mixed)
    loss -= Math.log(Math.max(leastProbability, mixed[row.own.labels.indexOf(row.label)]!))
  }
  return loss
}

/**
 * From a tier's raw scores to a confidence that can be read as a probability and a novelty that can be read as a rank.
 * The confidence map is strictly increasing on float32 scores, so it changes no order: {confidence >= map(t)} is
 * {score >= t} whatever the map's parameters, which is why fitting it on the calibration rows cannot spoil a
 * certificate whose candidate scores were fixed before.
 */
import { z } from 'zod'
import { fitLogistic } from '../stats/logistic.ts'
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'
import type { HeldAside } from '../tier/tier.ts'

const betaMap = z.strictObject({ a: z.number().positive(), b: z.number().positive(), c: z.number() })

export const calibrationSchema = z.strictObject({
  format: z.literal(1),
  /** Beta calibration: logit(confidence) = a ln s - b ln(1 - s) + c, with a, b > 0. */
  confidence: betaMap,
  /** The same for the parts of an answer, spans or fields; absent where there are none. */
  parts: betaMap.exactOptional(),
  /** Novelty scores of held-aside rows at equal steps of rank, ascending; the first is the least. */
  novelty: z.strictObject({ knots: z.array(z.number()).readonly() }),
})

/** How a specialist's raw scores become confidence and novelty; JSON, kept on its card. */
export type Calibration = z.infer<typeof calibrationSchema>

/** Steps of the novelty ranks: 0.5% each, so that 99% is a knot. */
const noveltySteps = 200
/** Scores nearer to 0 or 1 than half a float32 step below 1 are taken as that near. */
const scoreMargin = 2 ** -25
const leastSlope = 0.05
/** Pull towards the identity (a = b = 1, c = 0), in pseudo-rows: what a handful of rows cannot say it does not say. */
const ridge = 5

/** Raw score of an answer or of a part of one, and whether it was right. */
export type JudgedScore = Pick<HeldAside, 'score' | 'correct'>

/** Fits the maps: confidence on the judged rows and parts, novelty ranks on the held-aside rows. */
export function fitCalibration(
  judged: readonly JudgedScore[],
  heldAside: readonly Pick<HeldAside, 'noveltyScore'>[],
  parts: readonly JudgedScore[] = [],
): Calibration {
  return {
    format: 1,
    confidence: fitBeta(judged),
    ...(parts.length > 0 && { parts: fitBeta(parts) }),
    novelty: { knots: noveltyKnots(heldAside) },
  }
}

/** Calibrated probability that an answer of this raw score is right; strictly increasing in the score's float32. */
export function confidenceOf(calibration: Pick<Calibration, 'confidence'>, score: number): number {
  return mapped(calibration.confidence, score)
}

/** Calibrated probability that a part of an answer is right. */
export function partConfidenceOf({ parts, confidence }: Calibration, score: number): number {
  return mapped(parts ?? confidence, score)
}

function mapped({ a, b, c }: Calibration['confidence'], score: number): number {
  const s = usableScore(score)
  return 1 / (1 + Math.exp(b * Math.log(1 - s) - a * Math.log(s) - c))
}

/** Share of held-aside rows that are less novel than this one, 0..1: their rank, linear between knots. */
export function noveltyOf(calibration: Calibration, noveltyScore: number): number {
  const { knots } = calibration.novelty
  let [below, notBelow] = [-1, knots.length]
  while (notBelow - below > 1) {
    const middle = (below + notBelow) >> 1
    if (knots[middle]! < noveltyScore) below = middle
    else notBelow = middle
  }
  if (below < 0) return 0
  if (notBelow === knots.length) return 1
  const [from, to] = [knots[below]!, knots[notBelow]!]
  return (below + (noveltyScore - from) / (to - from)) / (knots.length - 1)
}

/** The float32 of a score, kept off 0 and 1. */
function usableScore(score: number): number {
  return Math.min(1 - scoreMargin, Math.max(scoreMargin, Math.fround(score)))
}

function noveltyKnots(rows: readonly Pick<HeldAside, 'noveltyScore'>[]): number[] {
  if (rows.length === 0) return []
  const sorted = ascendingCopy(rows.map((row) => row.noveltyScore))
  return Array.from({ length: noveltySteps + 1 }, (_, step) =>
    upperQuantileOfSorted(sorted, step / noveltySteps),
  )
}

/** Penalised maximum likelihood of beta calibration's three parameters (Kull, Silva Filho and Flach, AISTATS 2017). */
function fitBeta(rows: readonly JudgedScore[]): Calibration['confidence'] {
  const features = new Float64Array(rows.length * 3)
  rows.forEach((row, i) => {
    const score = usableScore(row.score)
    features.set([Math.log(score), -Math.log(1 - score), 1], 3 * i)
  })
  const [a, b, c] = fitLogistic({
    features,
    width: 3,
    labels: rows.map((row) => row.correct),
    prior: [1, 1, 0],
    ridge,
    lower: [leastSlope, leastSlope, Number.NEGATIVE_INFINITY],
  })
  return { a: a!, b: b!, c: c! }
}

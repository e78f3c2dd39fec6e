/**
 * Likely label errors by confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021). The confident joint says how
 * many labels of each class are wrong; the paper's "prune by class" then suspects as many rows of the class, those whose
 * own label is least probable to a model that has not seen them. The joint's off-diagonal rows themselves find fewer.
 */
import { assert } from '../base/errors.ts'

export interface LabelSuspect {
  readonly row: number
  /** Class that was given, and class that looks right, by number. */
  readonly given: number
  readonly likely: number
  /** 0..1, probability of the given class: the lower, the more suspect. */
  readonly selfConfidence: number
}

export interface LabelNoise {
  /** The most suspect first. */
  readonly suspects: readonly LabelSuspect[]
  /** Estimated share of rows with a wrong label, 0..1: the joint's mass off the diagonal. */
  readonly errorShare: number
}

export interface OutOfFold {
  /** N rows of C probabilities, each row by a model that was not trained on it. */
  readonly probabilities: Float32Array
  readonly classes: Int32Array
  readonly classCount: number
}

/** Finds suspects and estimates their share. */
export function findLabelErrors(outOfFold: OutOfFold): LabelNoise {
  const { probabilities, classes, classCount } = outOfFold
  assert(probabilities.length === classes.length * classCount, 'probabilities and classes are not in step')
  const wrongShares = wrongSharesByClass(outOfFold)
  const rowsOf = Array.from({ length: classCount }, (): number[] => [])
  for (const [row, given] of classes.entries()) rowsOf[given]!.push(row)
  const self = (row: number): number => probabilities[row * classCount + classes[row]!]!
  let expected = 0
  const suspects: LabelSuspect[] = []
  for (const [given, rows] of rowsOf.entries()) {
    expected += wrongShares[given]! * rows.length
    const pruned = rows
      .sort((a, b) => self(a) - self(b))
      .slice(0, Math.round(wrongShares[given]! * rows.length))
    for (const row of pruned) {
      const likely = mostLikely(probabilities.subarray(row * classCount, (row + 1) * classCount))
      if (likely !== given) suspects.push({ row, given, likely, selfConfidence: self(row) })
    }
  }
  suspects.sort((a, b) => a.selfConfidence - b.selfConfidence || a.row - b.row)
  return { suspects, errorShare: classes.length === 0 ? 0 : expected / classes.length }
}

/** Of the rows of each class, the share that the confident joint counts under another one. */
function wrongSharesByClass(outOfFold: OutOfFold): Float64Array {
  const { probabilities, classes, classCount } = outOfFold
  const usual = usualConfidence(outOfFold)
  const counted = new Float64Array(classCount)
  const wrong = new Float64Array(classCount)
  for (const [row, given] of classes.entries()) {
    const confident = confidentClass(probabilities, row * classCount, usual)
    if (confident === undefined) continue
    counted[given]!++
    if (confident !== given) wrong[given]!++
  }
  return wrong.map((count, c) => (counted[c] === 0 ? 0 : count / counted[c]!))
}

/** The class's own threshold: mean probability of a class over the rows that carry it. */
function usualConfidence({ probabilities, classes, classCount }: OutOfFold): Float64Array {
  const sums = new Float64Array(classCount)
  const counts = new Float64Array(classCount)
  for (const [row, given] of classes.entries()) {
    sums[given]! += probabilities[row * classCount + given]!
    counts[given]!++
  }
  return sums.map((sum, c) => (counts[c] === 0 ? 1 : sum / counts[c]!))
}

/** Of the classes that reach their own threshold the most probable; most rows have one, some have none. */
function confidentClass(probabilities: Float32Array, at: number, usual: Float64Array): number | undefined {
  let best: number | undefined
  for (const [c, threshold] of usual.entries()) {
    const probability = probabilities[at + c]!
    if (probability >= threshold && (best === undefined || probability > probabilities[at + best]!)) best = c
  }
  return best
}

function mostLikely(probabilities: Float32Array): number {
  return probabilities.reduce((best, probability, c) => (probability > probabilities[best]! ? c : best), 0)
}

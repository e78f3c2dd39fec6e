// How rows held aside are answered by a model that had not seen them: what the order of thresholds may be chosen by.
import type { ExampleId } from '../../base/ids.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { Distribution } from '../../task/predictor.ts'
import type { HeldAside } from '../tier.ts'
import { answerOf, type LabelSpace, saysSame } from './labels.ts'
import { type NoveltySigns, noveltyScoreOf, signsOf, type UsualSigns } from './usual.ts'

/** A row held aside, judged by a model that had not seen it. */
export interface Judged {
  readonly example: ExampleId
  readonly score: number
  readonly correct: boolean
  readonly signs: NoveltySigns
  /** Of tasks of one label. */
  readonly distribution?: Distribution
}

/** Judges rows of a set by logits [rows, labels] and squared distances, in the order of `check`. */
export function judgeRows(
  { set, space }: { readonly set: ExampleSet; readonly space: LabelSpace },
  check: Int32Array,
  { logits, distances }: { readonly logits: Float32Array; readonly distances: Float64Array },
): readonly Judged[] {
  const width = space.labels.length
  return Array.from(check, (row, i) => {
    const own = logits.subarray(i * width, (i + 1) * width)
    const answer = answerOf(own, space)
    const signs = signsOf(own, distances[i]!)
    const example = set.examples[row]!
    const { labels, multiple } = space
    return {
      ...{ example: example.id, score: answer.score, correct: saysSame(answer, example.output), signs },
      ...(!multiple && { distribution: { labels, probabilities: answer.probabilities } }),
    }
  })
}

/** What is handed on of judged rows. */
export function heldAsideOf(judged: readonly Judged[], usual: UsualSigns): readonly HeldAside[] {
  return judged.map(({ signs, ...row }) => ({
    ...row,
    noveltyScore: noveltyScoreOf(signs, usual),
  }))
}

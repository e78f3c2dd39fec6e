// What is said of a pair of texts by the best answer found, and how sure that is.
import { presenceLabels } from '../../../task/question-answering/presence.ts'
import type { RawPrediction } from '../../tier.ts'
import { noveltyScoreOf } from '../usual.ts'
import { isAnswered, judge } from './answer-judge.ts'
import type { PairAnswer } from './answer-pairs.ts'
import type { ReaderDescription } from './artefact.ts'

/** What is said of a pair, and how sure that is. */
export function answerPrediction(
  { found, novelty }: PairAnswer,
  { judge: weights, usual }: Pick<ReaderDescription, 'judge' | 'usual'>,
): RawPrediction {
  // A text without a word holds no answer, and says nothing of how usual it is.
  if (!found || !novelty) return { ...nothing, distribution: presence(0) }
  const judgement = judge(weights, found.signs)
  const answered = isAnswered(judgement)
  return {
    output: { kind: 'answer', ...(answered && { span: found.span }) },
    score: answered ? judgement.right : 1 - judgement.there,
    noveltyScore: noveltyScoreOf(novelty, usual),
    distribution: presence(judgement.there),
  }
}

const nothing = { output: { kind: 'answer' }, score: 1, noveltyScore: 0 } as const

function presence(there: number): NonNullable<RawPrediction['distribution']> {
  return { labels: presenceLabels, probabilities: Float32Array.of(there, 1 - there) }
}

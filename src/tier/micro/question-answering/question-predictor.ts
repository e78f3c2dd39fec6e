// Answers of a trained reader, computed in a worker; this thread splits texts and finds the best quote.
import type { EncoderSession } from '../../../model/encoder/encoder-session.ts'
import { presenceLabels } from '../../../task/question-answering/presence.ts'
import type { TaskInput } from '../../../task/types.ts'
import type { RawPrediction, RawPredictor } from '../../tier.ts'
import { noveltyScoreOf } from '../usual.ts'
import { isAnswered, judge } from './answer-judge.ts'
import { answerPairs, type PairAnswer, type ReadOptions } from './answer-pairs.ts'
import type { ReaderDescription } from './artefact.ts'
import { type PairReading, readPair } from './question-rows.ts'

/** A predictor over a loaded session, which it releases when it is disposed of. */
export function createQuestionPredictor(
  session: EncoderSession,
  description: ReaderDescription,
  { reading, config }: { readonly reading: PairReading; readonly config: ReadOptions['config'] },
): RawPredictor {
  const { answerTokens } = description
  return {
    sizeBytes: session.sizeBytes,
    predict: async (inputs, options = {}) => {
      if (inputs.length === 0) return []
      const pairs = inputs.map((input) => readPair(pairOf(input), reading))
      const { answers } = await answerPairs(session, pairs, { config, answerTokens, ...options })
      return answers.map((answer) => answerPrediction(answer, description))
    },
    dispose: () => session.release(),
  }
}

/** A question and its context; what is no question is a context that nothing is asked about. */
function pairOf(input: TaskInput): { readonly question: string; readonly context: string } {
  switch (input.kind) {
    case 'question':
      return input
    case 'text':
      return { question: '', context: input.text }
    case 'chat':
      return { question: '', context: input.messages.map(({ content }) => content).join('\n') }
  }
}

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

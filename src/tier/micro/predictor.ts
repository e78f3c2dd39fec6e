// Answers of a trained classifier, computed in a worker; this thread only splits texts into tokens.
import type { EncoderSession } from '../../model/encoder/encoder-session.ts'
import { frameText } from '../../model/encoder/framing.ts'
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts'
import { textOf } from '../nano/inputs.ts'
import type { RawPrediction, RawPredictor } from '../tier.ts'
import type { ClassifierDescription } from './artefact.ts'
import { type Scored, scoreTexts } from './classifier.ts'
import { answerOf } from './labels.ts'
import { noveltyScoreOf, signsOf } from './usual.ts'

/** A predictor over a loaded session, which it releases when it is disposed of. */
export function createMicroPredictor(
  session: EncoderSession,
  tokenizer: Tokenizer,
  description: ClassifierDescription,
): RawPredictor {
  return {
    get sizeBytes() {
      return session.sizeBytes
    },
    predict: async (inputs, options = {}) => {
      if (inputs.length === 0) return []
      const texts = inputs.map((input) => frameText(tokenizer, textOf(input), description.maxTokens))
      const scored = await scoreTexts(session, texts, options)
      return inputs.map((_, row) => predictionOf(scored, row, description))
    },
    dispose: () => session.release(),
  }
}

function predictionOf(
  { logits, distances }: Scored,
  row: number,
  description: ClassifierDescription,
): RawPrediction {
  const { labels, multiple, usual } = description
  const own = logits.subarray(row * labels.length, (row + 1) * labels.length)
  const { output, score, probabilities } = answerOf(own, description)
  return {
    ...{ output, score },
    noveltyScore: noveltyScoreOf(signsOf(own, distances![row]!), usual),
    ...(!multiple && { distribution: { labels, probabilities } }),
  }
}

// Answers texts with a loaded nano model: tens of microseconds each, on the calling thread.
import { throwIfCancelled } from '../../base/errors.ts'
import { sharedDenseMemory } from '../../model/linear/dense-memory.ts'
import { mixLogits } from '../../model/linear/mixture.ts'
import { placePerceptron } from '../../model/linear/perceptron.ts'
import { largestIndex, softmaxInPlace } from '../../model/linear/softmax.ts'
import { placeSparseHead } from '../../model/linear/sparse-scorer.ts'
import type { StaticEmbedding } from '../../model/static-embedding.ts'
import type { TaskInput } from '../../task/types.ts'
import { normaliseForFeatures } from '../../text/normalise.ts'
import type { RawPrediction, RawPredictor } from '../tier.ts'
import type { NanoDescription } from './artefact.ts'
import { embedUnit } from './corpus.ts'
import { textOf } from './inputs.ts'
import { placeNovelty } from './novelty.ts'
import { noveltyScoreOf } from './novelty-score.ts'
import type { NanoModel } from './train.ts'

/** UTF-16 units up to which a text takes well below a millisecond. */
const inlineLimit = 4096

const inputsBetweenBreaks = 256

/** Makes the predictor of a model. */
export function createNanoPredictor(
  model: NanoModel,
  description: NanoDescription,
  table: StaticEmbedding,
): RawPredictor {
  const { classes, multiple } = description
  const outputs = classes.map((labels) => Object.freeze({ kind: 'labels' as const, labels }))
  const labels = classes.map((names) => names[0] ?? '')
  const { mixture, usual } = model
  const memory = sharedDenseMemory()
  const scorer = placeSparseHead(memory, model.sparse)
  const perceptron = placePerceptron(memory, model.dense)
  const novelty = placeNovelty(memory, model.novelty)
  const parts = [scorer, perceptron, novelty]
  const embedding = new Float32Array(table.dimensions)

  function predictOne(input: TaskInput): RawPrediction {
    const text = textOf(input)
    const sparse = scorer.logits(normaliseForFeatures(text))
    const pieces = embedUnit(table, text, embedding)
    const probabilities = new Float32Array(classes.length)
    mixLogits(probabilities, sparse, perceptron.logits(embedding), mixture)
    const answer = largestIndex(probabilities)
    const strangeness = novelty.of({ embedding, pieces }, answer)
    const noveltyScore = noveltyScoreOf({ logit: -probabilities[answer]!, ...strangeness }, usual)
    softmaxInPlace(probabilities)
    const output = outputs[answer]!
    const score = probabilities[answer]!
    return multiple
      ? { output, score, noveltyScore }
      : { output, score, noveltyScore, distribution: { labels, probabilities } }
  }

  return {
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    inline: { inlineLimit, predict: predictOne },
    async predict(inputs, { signal } = {}) {
      const predictions: RawPrediction[] = []
      for (const input of inputs) {
        if (predictions.length % inputsBetweenBreaks === 0) {
          throwIfCancelled(signal, 'predicting')
          if (predictions.length > 0) await new Promise<void>((resolve) => setTimeout(resolve))
        }
        predictions.push(predictOne(input))
      }
      return predictions
    },
    async dispose() {
      for (const part of parts) part.dispose()
    },
  }
}

// Answers texts with a loaded nano model: tens of microseconds each, on the calling thread.
import { throwIfCancelled } from '../../base/errors.ts'
import { sharedDenseMemory } from '../../model/linear/dense-memory.ts'
import { mixLogits } from '../../model/linear/mixture.ts'
import { placePerceptron } from '../../model/linear/perceptron.ts'
import { placeSparseHead } from '../../model/linear/sparse-scorer.ts'
import type { StaticEmbedding } from '../../model/static-embedding.ts'
import type { TaskInput } from '../../task/types.ts'
import { normaliseForFeatures } from '../../text/normalise.ts'
import type { RawPrediction, RawPredictor } from '../tier.ts'
import type { NanoDescription } from './artefact.ts'
import { embedUnit } from './corpus.ts'
import { textOf } from './inputs.ts'
import { judgeLogits } from './judge-logits.ts'
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
  const sizeBytes = sizeOf(model)
  const { mixture } = model
  const scorer = placeSparseHead(sharedDenseMemory(), model.sparse)
  const perceptron = placePerceptron(sharedDenseMemory(), model.dense)
  const embedding = new Float32Array(table.dimensions)
  const overlap = { total: 0, unknown: 0 }

  function predictOne(input: TaskInput): RawPrediction {
    const text = textOf(input)
    const sparse = scorer.logits(normaliseForFeatures(text), overlap)
    embedUnit(table, text, embedding)
    const probabilities = new Float32Array(classes.length)
    mixLogits(probabilities, sparse, perceptron.logits(embedding), mixture)
    const unknownShare = overlap.total === 0 ? 1 : overlap.unknown / overlap.total
    const { answer, score, noveltyScore } = judgeLogits(probabilities, unknownShare)
    const output = outputs[answer]!
    return multiple
      ? { output, score, noveltyScore }
      : { output, score, noveltyScore, distribution: { labels, probabilities } }
  }

  return {
    sizeBytes,
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
      scorer.dispose()
      perceptron.dispose()
    },
  }
}

/** Bytes of the arrays: codes with their index and levels, and the weights. */
function sizeOf({ sparse, dense }: NanoModel): number {
  const { vocabulary, weights } = sparse
  const matrices = [weights, dense.first.weights, dense.second.weights]
  return matrices.reduce(
    (sum, { values, scales }) => sum + values.byteLength + 2 * scales.byteLength,
    vocabulary.size * 9,
  )
}

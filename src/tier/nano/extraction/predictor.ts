// Answers texts with a loaded tagger, on the calling thread: a sentence takes tens to hundreds of microseconds.
import { throwIfCancelled } from '../../../base/errors.ts'
import { createChain } from '../../../model/crf/chain.ts'
import { createTagScheme } from '../../../model/crf/tag-scheme.ts'
import { placeTagger } from '../../../model/crf/tagger.ts'
import { reach } from '../../../model/crf/window-network.ts'
import { sharedDenseMemory } from '../../../model/linear/dense-memory.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import type { Span, TaskInput } from '../../../task/types.ts'
import { createTokenBuffer, createTokeniser } from '../../../text/tokens.ts'
import type { RawPart, RawPrediction, RawPredictor } from '../../tier.ts'
import { textOf } from '../inputs.ts'
import type { ReadTagger, TaggerDescription } from './artefact.ts'
import { lowerUnits } from './corpus.ts'
import { createDenseInputs, flagCount } from './dense-inputs.ts'
import { createChainJudge } from './judge-chain.ts'
import { pieceBounds, pieceUnits } from './pieces.ts'
import { createFeatureBuffer, extractTokenFeatures } from './token-features.ts'

/** UTF-16 units of a text that are read; an answer about a longer one has a score of 0, so that nobody relies on it. */
const mostUnits = 65_536

const unitsBetweenBreaks = 8192

// Scratch for all taggers of a thread.
const tokens = createTokenBuffer()
const features = createFeatureBuffer()
let emissions = new Float32Array(0)
let inputs = new Float32Array(0)

/** What is said of a text, or of a piece of one. */
interface Found {
  readonly spans: readonly Span[]
  readonly parts: readonly RawPart[]
  readonly score: number
  readonly known: number
  readonly total: number
}

/** Makes the predictor of a tagger. */
export function createTaggerPredictor(
  tagger: ReadTagger,
  description: TaggerDescription,
  table: StaticEmbedding,
): RawPredictor {
  const { labels, mode, outsideBias, score: scoreName } = description
  const { model, inputMean, inputScale } = tagger
  const scheme = createTagScheme(description.scheme, labels.length)
  const tokeniser = createTokeniser(description.cuts)
  const placed = placeTagger(sharedDenseMemory(), model)
  const judge = createChainJudge(scheme, createChain(scheme))
  const dense = createDenseInputs(table, description.axes)
  const { columns: D } = dense
  const { tagCount: K } = scheme

  function writeInputs(text: string): void {
    const size = (tokens.count + 2 * reach) * D
    if (inputs.length < size) inputs = new Float32Array(size * 2)
    inputs.fill(0, 0, size)
    for (let t = 0; t < tokens.count; t++) {
      const at = (t + reach) * D
      dense.write(text, tokens, t, inputs, at)
      for (let d = 0; d < D - flagCount; d++) inputs[at + d] = (inputs[at + d]! - inputMean[d]!) * inputScale
    }
  }

  /** Writes the emissions of the text in `tokens`; gives how many features it has and how many of them are known. */
  function writeEmissions(text: string): { known: number; total: number } {
    extractTokenFeatures(text, lowerUnits(text), tokens, mode, features)
    if (emissions.length < tokens.count * K) emissions = new Float32Array(tokens.count * K * 2)
    emissions.fill(0, 0, tokens.count * K)
    if (model.network) writeInputs(text)
    let known = 0
    for (let t = 0; t < tokens.count; t++) {
      emissions[t * K] = -outsideBias
      known += placed.addSparse(
        features.codes,
        features.starts[t]!,
        features.starts[t + 1]!,
        emissions,
        t * K,
      )
      if (model.network) placed.addDense(inputs.subarray(t * D, (t + 2 * reach + 1) * D), emissions, t * K)
    }
    return { known, total: features.starts[tokens.count]! }
  }

  function findIn(text: string, offset: number): Found {
    tokeniser.tokenise(text, tokens)
    const counts = writeEmissions(text)
    const { spans, spanScores, scores } = judge.judge(emissions, tokens.count, model.chain)
    return {
      ...counts,
      score: scores[scoreName],
      parts: spans.map(({ label }, index) => ({ name: labels[label]!, score: spanScores[index]! })),
      spans: spans.map(({ first, last, label }) => {
        const [start, end] = [tokens.starts[first]!, tokens.ends[last]!]
        return {
          start: offset + start,
          end: offset + end,
          label: labels[label]!,
          text: text.slice(start, end),
        }
      }),
    }
  }

  function predictText(text: string): RawPrediction {
    const bounds = pieceBounds(text, mostUnits)
    const found = bounds.slice(1).map((end, piece) => findIn(text.slice(bounds[piece]!, end), bounds[piece]!))
    const [total, known] = [sumOf(found, 'total'), sumOf(found, 'known')]
    const score = found.reduce(
      (all, { score: own }) => (scoreName === 'posterior' ? all * own : Math.min(all, own)),
      text.length > mostUnits ? 0 : 1,
    )
    return {
      output: { kind: 'spans', spans: found.flatMap(({ spans }) => spans) },
      score,
      noveltyScore: total === 0 ? 1 : 1 - known / total,
      parts: found.flatMap(({ parts }) => parts),
    }
  }

  const predictOne = (input: TaskInput): RawPrediction => predictText(textOf(input))

  return {
    sizeBytes: placed.sizeBytes,
    inline: { inlineLimit: pieceUnits, predict: predictOne },
    async predict(given, { signal } = {}) {
      const predictions: RawPrediction[] = []
      let units = unitsBetweenBreaks
      for (const input of given) {
        if (units >= unitsBetweenBreaks) {
          throwIfCancelled(signal, 'predicting')
          if (predictions.length > 0) await new Promise<void>((resolve) => setTimeout(resolve))
          units = 0
        }
        predictions.push(predictOne(input))
        units += textOf(input).length
      }
      return predictions
    },
    dispose: async () => placed.dispose(),
  }
}

function sumOf(found: readonly Found[], name: 'known' | 'total'): number {
  return found.reduce((sum, one) => sum + one[name], 0)
}

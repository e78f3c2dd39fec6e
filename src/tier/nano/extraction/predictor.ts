// Answers texts with a loaded tagger, on the calling thread: a sentence takes tens to hundreds of microseconds.
import { throwIfCancelled } from '../../../base/errors.ts'
import { createTagScheme } from '../../../model/crf/tag-scheme.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import type { Span, TaskInput } from '../../../task/types.ts'
import type { RawPart, RawPrediction, RawPredictor } from '../../tier.ts'
import { textOf } from '../inputs.ts'
import type { ReadTagger, TaggerDescription } from './artefact.ts'
import { createEmitter } from './emitter.ts'
import { createChainJudge, type ScoreName } from './judge-chain.ts'
import { pieceBounds, pieceUnits } from './pieces.ts'

/** UTF-16 units of a text that are read; an answer about a longer one has a score of 0, so that nobody relies on it. */
const mostUnits = 65_536

const unitsBetweenBreaks = 8192

/** Makes the predictor of a tagger. */
export function createTaggerPredictor(
  tagger: ReadTagger,
  description: TaggerDescription,
  table: StaticEmbedding,
): RawPredictor {
  const { labels } = description
  const scheme = createTagScheme(description.scheme, labels.length)
  const emitter = createEmitter(tagger, description, { table, tagCount: scheme.tagCount })
  const judge = createChainJudge(scheme)

  function findIn(text: string, offset: number): Found {
    const { tokens, emissions, known, total } = emitter.emit(text)
    const { spans, spanScores, scores } = judge.judge(emissions, tokens.count, tagger.model.chain)
    return {
      ...{ known, total },
      score: scores[description.score],
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

  function predictOne(input: TaskInput): RawPrediction {
    const text = textOf(input)
    const bounds = pieceBounds(text, mostUnits)
    const found = bounds.slice(1).map((end, piece) => findIn(text.slice(bounds[piece]!, end), bounds[piece]!))
    const prediction = joinFound(found, description.score)
    return text.length > mostUnits ? { ...prediction, score: 0 } : prediction
  }

  return {
    sizeBytes: emitter.sizeBytes,
    inline: { inlineLimit: pieceUnits, predict: predictOne },
    predict: (inputs, { signal } = {}) => predictAll(inputs, predictOne, signal),
    dispose: async () => emitter.dispose(),
  }
}

/** What is said of a piece of a text. */
interface Found {
  readonly spans: readonly Span[]
  readonly parts: readonly RawPart[]
  readonly score: number
  readonly known: number
  readonly total: number
}

/** All pieces must be right for the answer to be: their posteriors are multiplied, of the weakest tags the weakest counts. */
function joinFound(found: readonly Found[], scoreName: ScoreName): RawPrediction {
  const [total, known] = [sumOf(found, 'total'), sumOf(found, 'known')]
  return {
    output: { kind: 'spans', spans: found.flatMap(({ spans }) => spans) },
    score: found.reduce(
      (all, { score }) => (scoreName === 'posterior' ? all * score : Math.min(all, score)),
      1,
    ),
    noveltyScore: total === 0 ? 1 : 1 - known / total,
    parts: found.flatMap(({ parts }) => parts),
  }
}

const sumOf = (found: readonly Found[], name: 'known' | 'total'): number =>
  found.reduce((sum, one) => sum + one[name], 0)

async function predictAll(
  inputs: readonly TaskInput[],
  predictOne: (input: TaskInput) => RawPrediction,
  signal: AbortSignal | undefined,
): Promise<readonly RawPrediction[]> {
  const predictions: RawPrediction[] = []
  let units = unitsBetweenBreaks
  for (const input of inputs) {
    if (units >= unitsBetweenBreaks) {
      throwIfCancelled(signal, 'predicting')
      if (predictions.length > 0) await new Promise<void>((resolve) => setTimeout(resolve))
      units = 0
    }
    predictions.push(predictOne(input))
    units += textOf(input).length
  }
  return predictions
}

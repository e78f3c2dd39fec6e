// Answers of a trained tagger: tokens are scored in a worker, this thread reads texts and finds the best spans.
import { throwIfCancelled } from '../../../base/errors.ts'
import { zeroChainWeights } from '../../../model/crf/chain-weights.ts'
import { createTagScheme, type TagScheme } from '../../../model/crf/tag-scheme.ts'
import type { EncoderSession } from '../../../model/encoder/encoder-session.ts'
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { createTokeniser } from '../../../text/tokens.ts'
import { type ChainJudge, createChainJudge } from '../../nano/extraction/judge-chain.ts'
import { textOf } from '../../nano/inputs.ts'
import type { RawPrediction, RawPredictor } from '../../tier.ts'
import { noveltyScoreOf } from '../usual.ts'
import type { TaggerDescription } from './artefact.ts'
import { biased } from './judge-rows.ts'
import { createTextReader, type ReadText } from './read-text.ts'
import { signsOfTexts } from './signs.ts'
import { scoreWindows } from './tagger-session.ts'
import { windowsOf } from './text-windows.ts'

/** UTF-16 units of a text that are read; an answer about a longer one has a score of 0, so that nobody relies on it. */
const mostUnits = 131_072

/** Inputs are answered in parts of about this many units, between which others get their turn. */
const unitsOfPart = 65_536

/** A predictor over a loaded session, which it releases when it is disposed of. */
export function createTaggerPredictor(
  session: EncoderSession,
  tokenizer: Tokenizer,
  description: TaggerDescription,
): RawPredictor {
  const scheme = createTagScheme(description.scheme, description.labels.length)
  const read = createTextReader(tokenizer, createTokeniser(description.cuts))
  const judge = createChainJudge(scheme)
  const form = { tags: scheme.tagCount, shapes: description.shapes }

  async function answer(whole: readonly string[], signal?: AbortSignal): Promise<readonly RawPrediction[]> {
    const texts = whole.map((text) => read(text.slice(0, mostUnits)))
    const windows = windowsOf(texts, tokenizer.template.single, description.maxTokens)
    const scored = await scoreWindows(session, texts, windows, { form, ...(signal && { signal }) })
    const signs = signsOfTexts(scored, windows, scheme.tagCount)
    return texts.map((text, row) => ({
      ...found({ text, whole: whole[row]!, emissions: scored.emissions[row]! }, description, {
        scheme,
        judge,
      }),
      noveltyScore: noveltyScoreOf(signs[row]!, description.usual),
    }))
  }

  return {
    get sizeBytes() {
      return session.sizeBytes
    },
    predict: async (inputs, { signal } = {}) => {
      const predictions: RawPrediction[] = []
      for (const part of partsOf(inputs.map(textOf))) {
        throwIfCancelled(signal, 'predicting')
        predictions.push(...(await answer(part, signal)))
      }
      return predictions
    },
    dispose: () => session.release(),
  }
}

function partsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = []
  let units = unitsOfPart
  for (const text of texts) {
    if (units >= unitsOfPart) {
      parts.push([])
      units = 0
    }
    parts.at(-1)!.push(text)
    units += text.length
  }
  return parts
}

interface Answered {
  readonly text: ReadText
  readonly whole: string
  readonly emissions: Float32Array
}

function found(
  { text: { starts, ends }, whole, emissions }: Answered,
  { labels, outsideBias, score }: TaggerDescription,
  { scheme, judge }: { readonly scheme: TagScheme; readonly judge: ChainJudge },
): Omit<RawPrediction, 'noveltyScore'> {
  const own = biased(emissions, scheme.tagCount, outsideBias)
  const { spans, spanScores, scores } = judge.judge(own, starts.length, zeroChainWeights(scheme))
  return {
    output: {
      kind: 'spans',
      spans: spans.map(({ first, last, label }) => {
        const [start, end] = [starts[first]!, ends[last]!]
        return { start, end, label: labels[label]!, text: whole.slice(start, end) }
      }),
    },
    score: whole.length > mostUnits ? 0 : scores[score],
    parts: spans.map(({ label }, index) => ({ name: labels[label]!, score: spanScores[index]! })),
  }
}

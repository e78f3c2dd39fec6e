// Trains a tagger: rows held aside say how many passes to make and how readily to find spans, then it is trained
// afresh on every row. Synchronous; a worker runs it.
import { type Random, seededRandom } from '../../../base/random.ts'
import { createTagScheme, mostLabels, type SchemeName } from '../../../model/crf/tag-scheme.ts'
import { compactTagger, type TaggerModel } from '../../../model/crf/tagger.ts'
import { meanTagger } from '../../../model/crf/tagger-mean.ts'
import {
  createTaggerTrainer,
  type TaggerSettings,
  type TaggerWeights,
} from '../../../model/crf/tagger-trainer.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import { createTokeniser, type LearnedCuts } from '../../../text/tokens.ts'
import { innerFolds } from '../folds.ts'
import { type Pace, partOfPace } from '../pace.ts'
import { type CheckFindings, type CheckPlan, checkFolds } from './check.ts'
import { prepareTagged, type SpannedTexts, type TaggedCorpus } from './corpus.ts'
import { findReading } from './reading.ts'
import { fewTokens, modeSettings } from './settings.ts'
import type { FeatureMode } from './token-features.ts'

/** A trained tagger and how it reads. */
export interface TrainedTagger {
  readonly model: TaggerModel
  readonly scheme: SchemeName
  readonly mode: FeatureMode
  readonly cuts: LearnedCuts
  readonly axes: number
  readonly inputMean: Float32Array
  readonly inputScale: number
  readonly findings: TaggerFindings
}

/** What training found out about its texts and itself. */
export interface TaggerFindings extends CheckFindings {
  readonly tokens: number
  /** Spans that begin or end inside a token. */
  readonly unrepresentable: number
}

export interface TaggerTrainOptions {
  readonly seed: number
  readonly pace: Pace
  readonly labelCount: number
  /** False: sparse features alone, as a plain conditional random field has. */
  readonly network: boolean
}

const preparingShare = 0.1 // of the work
const manyTokens = 60_000 // beyond which one fold is enough
const mostTokensForMembers = 200_000 // beyond which order matters little and time does

/** Trains a tagger on texts. */
export function trainTagger(
  texts: SpannedTexts,
  table: StaticEmbedding,
  { seed, pace, labelCount, network }: TaggerTrainOptions,
): TrainedTagger {
  const { mode, cuts, unrepresentable } = findReading(texts)
  const chosen = modeSettings[mode]
  const units = texts.texts.reduce((sum, text) => sum + text.length, 0)
  const leastCount = units < fewTokens * (mode === 'words' ? 5 : 1) ? 1 : chosen.leastCount
  const scheme = createTagScheme(labelCount > mostLabels ? 'bio' : 'bioes', labelCount)
  const reading = { tokeniser: createTokeniser(cuts), mode, axes: network ? chosen.axes : 0, leastCount }
  const corpus = prepareTagged(texts, reading, table, scheme, (share) => pace.tick(share * preparingShare))
  const settings: TaggerSettings = network
    ? chosen
    : { sparse: chosen.sparse, pairRate: chosen.pairRate, margins: chosen.margins }
  const random = seededRandom(seed)
  const checked = checkFolds(
    { corpus, scheme, settings, folds: foldsOf(texts, corpus, random.fork('folds')) },
    random.fork('checks'),
    partOfPace(pace, 0, 2),
  )
  const hidden = settings.network?.hidden ?? 0
  const members = refit(
    { corpus, scheme, settings, folds: [] },
    { epochs: checked.epochs, members: corpus.tags.length > mostTokensForMembers ? 1 : chosen.members },
    random,
    partOfPace(pace, 1, 2),
  )
  const shape = { inputs: corpus.inputColumns, hidden, outputs: scheme.tagCount }
  const mean = meanTagger(members, shape)
  const model = compactTagger(mean.weights, corpus.codes, mean.shape)
  return {
    ...{ model, mode, cuts },
    scheme: scheme.name,
    axes: reading.axes,
    inputMean: corpus.inputMean,
    inputScale: corpus.inputScale,
    findings: { ...checked, tokens: corpus.tags.length, unrepresentable },
  }
}

function foldsOf({ spans, groups }: SpannedTexts, { tags, weights }: TaggedCorpus, random: Random) {
  const classes = Int32Array.from(spans, (found) => (found[0]?.label ?? -1) + 1)
  const folds = innerFolds({ classes, groups, contained: new Uint8Array(weights.length) }, random)
  return tags.length > manyTokens ? folds.slice(0, 1) : folds
}

/** Trains on every row as often as asked, each time in another order; fewer times where the time is up. */
function refit(
  { corpus, scheme, settings }: CheckPlan,
  { epochs, members }: { readonly epochs: number; readonly members: number },
  random: Random,
  pace: Pace,
): readonly TaggerWeights[] {
  const all = Int32Array.from(corpus.weights.keys())
  const trained: TaggerWeights[] = []
  for (let member = 0; member < members; member++) {
    if (member > 0 && pace.isLate((member + 1) / members)) break
    const stream = random.fork(`member-${member}`)
    const trainer = createTaggerTrainer(corpus, scheme, settings, stream)
    for (let epoch = 0; epoch < epochs; epoch++) {
      const part = partOfPace(pace, member * epochs + epoch, members * epochs)
      if (epoch > 0 && part.isLate(1)) break
      trainer.epoch(all, stream, part.tick)
    }
    trained.push(trainer.weights)
  }
  return trained
}

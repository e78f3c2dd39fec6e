// Trains on folds and answers the rows held aside after each pass: where to stop, how readily to find spans, and how
// sure the answers are.
import type { Random } from '../../../base/random.ts'
import { createBestTagsFinder } from '../../../model/crf/best-tags.ts'
import type { ChainWeights } from '../../../model/crf/chain-weights.ts'
import type { TagScheme, TokenSpan } from '../../../model/crf/tag-scheme.ts'
import { isKept } from '../../../model/crf/tagger.ts'
import { createTaggerTrainer, type TaggerSettings } from '../../../model/crf/tagger-trainer.ts'
import { auroc } from '../../../stats/ranking.ts'
import type { HeldAside } from '../../tier.ts'
import type { Fold } from '../folds.ts'
import { type Pace, partOfPace } from '../pace.ts'
import type { TaggedCorpus } from './corpus.ts'
import { createChainJudge, type ScoreName, scoreNames } from './judge-chain.ts'
import { mostEpochs, outsideBiases } from './settings.ts'

/** What is trained and checked. */
export interface CheckPlan {
  readonly corpus: TaggedCorpus
  readonly scheme: TagScheme
  readonly settings: TaggerSettings
  readonly folds: readonly Fold[]
}

/** What the rows held aside say. */
export interface CheckFindings {
  readonly epochs: number
  /** What is taken off the score of the tag outside of spans. */
  readonly outsideBias: number
  readonly scoreName: ScoreName
  /** Rows held aside, and strict F1 of the spans found in them. */
  readonly checkRows: number
  readonly checkF1: number
  readonly heldAside: readonly HeldAside[]
}

/** Trains each fold for {@link mostEpochs} passes, fewer where the time is up, and chooses. */
export function checkFolds(plan: CheckPlan, random: Random, pace: Pace): CheckFindings {
  const checks = plan.folds.map((fold, index) =>
    checkFold(plan, fold, random.fork(`fold-${index}`), partOfPace(pace, index, plan.folds.length)),
  )
  const epochCount = Math.min(...checks.map(({ passes }) => passes.length))
  let best = { epoch: 0, bias: 0, f1: -1 }
  for (let epoch = 0; epoch < epochCount; epoch++) {
    outsideBiases.forEach((_, bias) => {
      const f1 = pooledF1(checks.map(({ passes }) => passes[epoch]!.counts[bias]!))
      if (f1 > best.f1) best = { epoch, bias, f1 }
    })
  }
  const outsideBias = outsideBiases[best.bias]!
  const judged = checks.flatMap((check) => judgeFold(plan, check, best.epoch, outsideBias))
  const scoreName = bestScore(judged)
  return {
    ...{ outsideBias, scoreName },
    epochs: best.epoch + 1,
    checkRows: judged.length,
    checkF1: best.f1,
    heldAside: judged.map(({ scores, ...row }) => ({ ...row, score: scores[scoreName] })),
  }
}

/** A fold after each pass. */
interface CheckedFold {
  readonly check: Int32Array
  readonly passes: readonly CheckedPass[]
  /** Share of each checked text's features without weights. */
  readonly unknownShares: Float32Array
}

interface CheckedPass {
  /** Of all checked tokens, one text after another. */
  readonly emissions: Float32Array
  readonly chain: ChainWeights
  /** By number of the bias. */
  readonly counts: readonly SpanCounts[]
}

interface SpanCounts {
  right: number
  found: number
  wanted: number
}

function pooledF1(counts: readonly SpanCounts[]): number {
  const sum = (name: keyof SpanCounts): number => counts.reduce((total, count) => total + count[name], 0)
  const all = sum('found') + sum('wanted')
  return all === 0 ? 1 : (2 * sum('right')) / all
}

function checkFold(plan: CheckPlan, { learn, check }: Fold, random: Random, pace: Pace): CheckedFold {
  const { corpus, scheme, settings } = plan
  const trainer = createTaggerTrainer(corpus, scheme, settings, random)
  const passes: CheckedPass[] = []
  for (let epoch = 0; epoch < mostEpochs; epoch++) {
    if (epoch > 0 && pace.isLate((epoch + 1) / mostEpochs)) break
    const part = partOfPace(pace, epoch, mostEpochs)
    trainer.epoch(learn, random, part.tick)
    const emissions = emissionsOf(corpus, scheme, check, trainer.emissions)
    const { pairs, starts, ends } = trainer.weights.chain
    const chain = { pairs: pairs.slice(), starts: starts.slice(), ends: ends.slice() }
    const counts = outsideBiases.map((bias) => countSpans(plan, check, { emissions, chain }, bias))
    passes.push({ emissions, chain, counts })
  }
  return {
    check,
    passes,
    unknownShares: unknownShares(corpus, check, trainer.weights.sparse, scheme.tagCount),
  }
}

function emissionsOf(
  { textStarts }: TaggedCorpus,
  { tagCount: K }: TagScheme,
  check: Int32Array,
  write: (text: number, target: Float32Array) => void,
): Float32Array {
  const all = new Float32Array(
    check.reduce((sum, text) => sum + textStarts[text + 1]! - textStarts[text]!, 0) * K,
  )
  let at = 0
  for (const text of check) {
    const size = (textStarts[text + 1]! - textStarts[text]!) * K
    write(text, all.subarray(at, at + size))
    at += size
  }
  return all
}

/** Calls `visit` with each checked text, its emissions without the bias, and its right spans. */
function forEachChecked(
  { corpus, scheme }: CheckPlan,
  check: Int32Array,
  emissions: Float32Array,
  bias: number,
  visit: (own: Float32Array, length: number, wanted: readonly TokenSpan[], index: number) => void,
): void {
  const { textStarts, tags } = corpus
  const { tagCount: K } = scheme
  let at = 0
  check.forEach((text, index) => {
    const [first, end] = [textStarts[text]!, textStarts[text + 1]!]
    const own = emissions.slice(at, at + (end - first) * K)
    for (let i = 0; i < own.length; i += K) own[i]! -= bias
    at += own.length
    visit(own, end - first, scheme.decode(tags.subarray(first, end), end - first), index)
  })
}

function countSpans(
  plan: CheckPlan,
  check: Int32Array,
  { emissions, chain: weights }: Pick<CheckedPass, 'emissions' | 'chain'>,
  bias: number,
): SpanCounts {
  const findBest = createBestTagsFinder(plan.scheme)
  const counts = { right: 0, found: 0, wanted: 0 }
  forEachChecked(plan, check, emissions, bias, (own, length, wanted) => {
    const found = plan.scheme.decode(findBest(own, length, weights).tags, length)
    counts.right += shared(found, wanted)
    counts.found += found.length
    counts.wanted += wanted.length
  })
  return counts
}

const keyOf = ({ first, last, label }: TokenSpan): string => `${first} ${last} ${label}`

function shared(found: readonly TokenSpan[], wanted: readonly TokenSpan[]): number {
  const keys = new Set(wanted.map(keyOf))
  return found.filter((span) => keys.has(keyOf(span))).length
}

interface JudgedRow extends Omit<HeldAside, 'score'> {
  readonly scores: { readonly [N in ScoreName]: number }
}

function judgeFold(
  plan: CheckPlan,
  { check, passes, unknownShares }: CheckedFold,
  epoch: number,
  bias: number,
): readonly JudgedRow[] {
  const { emissions, chain: weights } = passes[epoch]!
  const judge = createChainJudge(plan.scheme)
  const rows: JudgedRow[] = []
  forEachChecked(plan, check, emissions, bias, (own, length, wanted, index) => {
    const { spans, scores } = judge.judge(own, length, weights)
    const right = shared(spans, wanted)
    const parts = Math.max(spans.length, wanted.length)
    rows.push({
      scores,
      correct: right === parts,
      loss: parts === 0 ? 0 : (parts - right) / parts,
      noveltyScore: unknownShares[index]!,
    })
  })
  return rows
}

/** The score that tells right answers from wrong ones best. */
function bestScore(rows: readonly JudgedRow[]): ScoreName {
  const quality = (name: ScoreName): number =>
    auroc(rows.map(({ scores, correct }) => ({ score: scores[name], positive: correct }))) ?? 0
  return scoreNames.reduce((best, name) => (quality(name) > quality(best) ? name : best))
}

function unknownShares(
  { rows, textStarts, featureTotals }: TaggedCorpus,
  check: Int32Array,
  weights: Float32Array,
  K: number,
): Float32Array {
  const kept = new Uint8Array(weights.length / K)
  for (let row = 0; row < kept.length; row++) kept[row] = Number(isKept(weights, row, K))
  return Float32Array.from(check, (text) => {
    let known = 0
    const end = rows.starts[textStarts[text + 1]!]!
    for (let at = rows.starts[textStarts[text]!]!; at < end; at++) known += kept[rows.rows[at]!]!
    const total = featureTotals[text]!
    return total === 0 ? 1 : 1 - known / total
  })
}

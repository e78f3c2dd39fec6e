// Answers of rows held aside: how readily to find spans, which score orders answers best, and how sure each answer is.

import { createBestTagsFinder } from '../../../model/crf/best-tags.ts'
import { zeroChainWeights } from '../../../model/crf/chain-weights.ts'
import type { TagScheme, TokenSpan } from '../../../model/crf/tag-scheme.ts'
import { auroc } from '../../../stats/ranking.ts'
import { createChainJudge, type ScoreName, scoreNames } from '../../nano/extraction/judge-chain.ts'
import type { TaggedRow } from './tagged-rows.ts'

/** A row held aside and what a tagger that had not seen it says of its units, T × K. */
export interface CheckedRow {
  readonly row: TaggedRow
  readonly emissions: Float32Array
}

/** How answers are read off emissions. */
export interface AnswerForm {
  /** What is taken off the score of the tag outside of spans. */
  readonly outsideBias: number
  readonly scoreName: ScoreName
}

export interface JudgedRow {
  readonly score: number
  readonly correct: boolean
  /** Share of the answer's parts that are wrong. */
  readonly loss: number
}

export interface CheckFindings {
  readonly form: AnswerForm
  /** In the order of the rows. */
  readonly judged: readonly JudgedRow[]
  /** Strict F1 of the spans. */
  readonly f1: number
}

/** Ascending: the higher, the more spans are found. Without any rare entities are hardly ever found. */
const outsideBiases = [0, 0.5, 1, 1.5, 2, 2.5, 3] as const

/** Standard errors of F1 that a bias may cost where it finds more of the wanted spans. */
const tolerance = 0.5

/** Judges in a form that is given, or chooses one by F1 and by how well scores tell right answers from wrong ones. */
export function judgeRows(rows: readonly CheckedRow[], scheme: TagScheme, form?: AnswerForm): CheckFindings {
  const biases = form ? [form.outsideBias] : outsideBiases
  const { bias, f1 } = chooseBias(biases.map((bias) => ({ bias, ...countAt(rows, scheme, bias) })))
  const judged = judgeAt(rows, scheme, bias)
  const scoreName = form?.scoreName ?? bestScore(judged)
  return {
    form: { outsideBias: bias, scoreName },
    judged: judged.map(({ scores, ...row }) => ({ ...row, score: scores[scoreName] })),
    f1,
  }
}

/** What one bias gives. */
interface CountedBias {
  readonly bias: number
  /** Wanted spans that are found. */
  readonly right: number
  readonly wanted: number
  readonly f1: number
}

/**
 * The bias that finds most, of those whose F1 is not told apart from the best; the smallest of equals. Texts to come have
 * entities that are newer to a model than those of rows held aside, so that it finds fewer of them than it did there.
 */
function chooseBias(counted: readonly CountedBias[]): CountedBias {
  const best = counted.reduce((most, next) => (next.f1 > most.f1 ? next : most))
  const error = Math.sqrt((best.f1 * (1 - best.f1)) / Math.max(1, best.wanted))
  return counted
    .filter(({ f1 }) => f1 >= best.f1 - tolerance * error)
    .reduce((most, next) => (next.right > most.right ? next : most))
}

/** Emissions with a bias against the tag outside of spans. */
export function biased(emissions: Float32Array, K: number, bias: number): Float32Array {
  return emissions.map((score, at) => (at % K === 0 ? score - bias : score))
}

function countAt(rows: readonly CheckedRow[], scheme: TagScheme, bias: number): Omit<CountedBias, 'bias'> {
  const findBest = createBestTagsFinder(scheme)
  const chain = zeroChainWeights(scheme)
  let [right, spans, wanted] = [0, 0, 0]
  for (const { row, emissions } of rows) {
    const length = row.tags.length
    const { tags } = findBest(biased(emissions, scheme.tagCount, bias), length, chain)
    const found = scheme.decode(tags, length)
    right += shared(found, row.wanted)
    spans += found.length
    wanted += row.wanted.length + row.lost
  }
  const all = spans + wanted
  return { right, wanted, f1: all === 0 ? 1 : (2 * right) / all }
}

interface ScoredRow extends Omit<JudgedRow, 'score'> {
  readonly scores: { readonly [N in ScoreName]: number }
}

function judgeAt(rows: readonly CheckedRow[], scheme: TagScheme, bias: number): readonly ScoredRow[] {
  const judge = createChainJudge(scheme)
  const chain = zeroChainWeights(scheme)
  return rows.map(({ row: { tags, wanted, lost }, emissions }) => {
    const { spans, scores } = judge.judge(biased(emissions, scheme.tagCount, bias), tags.length, chain)
    const right = shared(spans, wanted)
    const parts = Math.max(spans.length, wanted.length + lost)
    return { scores, correct: right === parts, loss: parts === 0 ? 0 : (parts - right) / parts }
  })
}

const keyOf = ({ first, last, label }: TokenSpan): string => `${first} ${last} ${label}`

function shared(found: readonly TokenSpan[], wanted: readonly TokenSpan[]): number {
  const keys = new Set(wanted.map(keyOf))
  return found.filter((span) => keys.has(keyOf(span))).length
}

function bestScore(rows: readonly ScoredRow[]): ScoreName {
  const quality = (name: ScoreName): number =>
    auroc(rows.map(({ scores, correct }) => ({ score: scores[name], positive: correct }))) ?? 0
  return scoreNames.reduce((best, name) => (quality(name) > quality(best) ? name : best))
}

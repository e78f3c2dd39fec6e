/** Why nothing may be answered locally, and how many more examples would change that. */
import { clopperPearsonLower, clopperPearsonUpper, errorlessRows, mostErrors } from '../stats/binomial.ts'
import type { RiskTarget } from '../task/types.ts'
import { examplesFor, mostCalibrationRows } from './calibration-size.ts'
import type { Candidate } from './candidates.ts'
import type { Certificate } from './certificate.ts'
import { groupsOf } from './grouped-losses.ts'
import {
  type AnsweredRows,
  answeredAt,
  type CandidateRow,
  type PromiseOptions,
  riskBound,
} from './threshold.ts'

export interface RefusalInput extends PromiseOptions {
  readonly rows: readonly CandidateRow[]
  /** Candidate scores, in the scale of the rows' scores. */
  readonly candidates: readonly Pick<Candidate, 'score'>[]
  readonly target: RiskTarget
  readonly wrongMeans: Certificate['wrongMeans']
  /** All rows there are: training, calibration and test. */
  readonly allRows: number
}

const wrongWords: { readonly [Meaning in Certificate['wrongMeans']]: string } = {
  error: 'wrong',
  disagreement: 'in disagreement with the upstream',
}

/** What a candidate showed, and how many calibration rows would pass it if its error rate stays as it looks. */
interface Prospect extends AnsweredRows {
  readonly neededRows: number
}

/** Why a certificate has no threshold. */
export interface CertificateRefusal {
  readonly sentence: string
  /** Examples beyond those there are with which a threshold would pass if the rates stay; absent where more are not the cure. */
  readonly moreExamples?: number
}

/** The sentences for a certificate without a threshold, and the number of examples that is missing. */
export function refusalOf(input: RefusalInput): CertificateRefusal {
  const { target, rows, allRows } = input
  const groups = groupsOf(rows)
  if (rows.length > 0 && (input.promise === 'parts' || groups))
    return { sentence: boundSentence(input, groups?.members.length) }
  const wrong = wrongWords[input.wrongMeans]
  const goal = `at most ${percent(target.risk)} ${wrong} with confidence ${percent(1 - target.delta)}`
  const nearest = nearestProspect(input)
  if (nearest === undefined) {
    const needed = Math.ceil(errorlessRows(target.risk, target.delta) * 1.25)
    const sentence = `Nothing is answered locally: there were no calibration rows to show ${goal}. ${moreExamples(needed, target, allRows)}`
    return { sentence, ...missing(needed, target, allRows) }
  }
  const bound = clopperPearsonUpper(nearest.errors, nearest.n, target.delta)
  const seen =
    `Nothing is answered locally: no threshold showed ${goal} on ${rows.length} calibration rows. ` +
    `The nearest would answer ${percent(nearest.coverage)} of the calls and was ${wrong} in ${nearest.errors} of ${nearest.n}, ` +
    `which shows only that at most ${percent(bound)} are ${wrong}.`
  if (nearest.neededRows <= mostCalibrationRows(target)) {
    const sentence = `${seen} If that rate holds, ${lowerFirst(moreExamples(nearest.neededRows, target, allRows))}`
    return { sentence, ...missing(nearest.neededRows, target, allRows) }
  }
  const half = rowsNeeded(target.risk / 2, nearest.coverage, target)
  const tooOften = clopperPearsonLower(nearest.errors, nearest.n, target.delta) > target.risk
  const sentence =
    `${seen} ${tooOften ? 'The specialist must become more accurate' : 'If that rate holds, the specialist must become more accurate'}: ` +
    `were it ${wrong} in ${percent(target.risk / 2)} of these, ${lowerFirst(moreExamples(half, target, allRows))}`
  return { sentence }
}

/** Of a promise by parts, or of grouped rows: what the candidate with the least bound showed; how many rows would do is not known. */
function boundSentence(
  { target, rows, candidates, wrongMeans, promise }: RefusalInput,
  groups: number | undefined,
): string {
  const wrong = wrongWords[wrongMeans]
  const byParts = promise === 'parts'
  const promised = { ...(promise && { promise }) }
  const tried = candidates.map(({ score }) => {
    const answered = answeredAt(rows, score, promised)
    const bound = riskBound(rows, { ...answered, score }, { ...promised, delta: target.delta })
    return { ...answered, bound }
  })
  const nearest = tried.toSorted((a, b) => a.bound - b.bound)[0]
  const shown =
    nearest === undefined || nearest.n === 0
      ? ''
      : ` The nearest would answer ${percent(nearest.coverage)} of the calls${byParts ? ` with ${percent(nearest.meanLoss ?? 0)} of their parts ${wrong} on average` : ` and was ${wrong} in ${nearest.errors} of ${nearest.n}`}, which shows only that at most ${percent(nearest.bound)} are${groups === undefined ? '' : ', since rows of one group may be wrong together'}.`
  const what = byParts ? `of the parts of an answer ${wrong} on average,` : wrong
  const where = `${rows.length} calibration rows${groups === undefined ? '' : ` of ${groups} groups`}`
  return (
    `Nothing is answered locally: no threshold showed at most ${percent(target.risk)} ${what} with confidence ${percent(1 - target.delta)}, on ${where}.${shown}` +
    ` More ${groups === undefined ? 'examples' : 'groups'}, or a larger --risk, may do.`
  )
}

function missing(
  calibrationRows: number,
  target: RiskTarget,
  allRows: number,
): Pick<CertificateRefusal, 'moreExamples'> {
  const more = examplesFor(calibrationRows, target, { hasTestFile: false }) - allRows
  return more > 0 ? { moreExamples: more } : {}
}

/** The candidate that would pass with the fewest calibration rows; undefined where none answers a single row. */
function nearestProspect(input: RefusalInput): Prospect | undefined {
  const { target } = input
  const prospects = input.candidates
    .map(({ score }) => answeredAt(input.rows, score))
    .filter((answered) => answered.n > 0)
    // Half an error more than were seen: an errorless handful is no rate of 0.
    .map((answered) => ({
      ...answered,
      neededRows: rowsNeeded((answered.errors + 0.5) / (answered.n + 1), answered.coverage, target),
    }))
  return prospects.sort(
    (a, b) => a.neededRows - b.neededRows || a.errors / a.n - b.errors / b.n || b.n - a.n,
  )[0]
}

/** Calibration rows with which an error rate among the answered would pass at this coverage; Infinity where none would do. */
function rowsNeeded(errorRate: number, coverage: number, target: RiskTarget): number {
  if (errorRate >= target.risk) return Number.POSITIVE_INFINITY
  const passes = (n: number): boolean => {
    const allowed = mostErrors(n, target.risk, target.delta)
    return allowed !== undefined && allowed >= Math.round(errorRate * n)
  }
  let enough = errorlessRows(target.risk, target.delta)
  let tooFew = 0
  while (!passes(enough)) {
    tooFew = enough
    enough *= 2
    if (enough > 1e7) return Number.POSITIVE_INFINITY
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (passes(middle)) enough = middle
    else tooFew = middle
  }
  return Math.ceil(enough / coverage)
}

function moreExamples(calibrationRows: number, target: RiskTarget, allRows: number): string {
  const kept = calibrationRows.toLocaleString('en')
  const all = examplesFor(calibrationRows, target, { hasTestFile: false })
  if (all <= allRows)
    return `Of the ${allRows.toLocaleString('en')} examples about ${kept} would have to be kept for calibration.`
  const more = (all - allRows).toLocaleString('en')
  return `About ${more} more examples would be needed (${all.toLocaleString('en')} in all, ${kept} of them for calibration).`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}

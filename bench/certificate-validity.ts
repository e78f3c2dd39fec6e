/** Whether certificates keep their promise: many calibration sets from unseen rows, the risk judged on all of these rows. */

import { sha256 } from '../src/base/hash.ts'
import { seededRandom } from '../src/base/random.ts'
import { splitExamples } from '../src/data/splits.ts'
import { drawRows } from '../src/stats/bootstrap.ts'
import { bestInHindsight, riskCoverageCurve } from '../src/stats/risk-coverage.ts'
import { isWithin, simulatedShare } from '../src/stats/simulation.ts'
import type { HeldAside } from '../src/tier/tier.ts'
import { type Calibration, confidenceOf, noveltyOf } from '../src/trust/calibration.ts'
import { certify } from '../src/trust/certify.ts'
import { answeredAt, type CandidateRow } from '../src/trust/threshold.ts'
import { loadSet, type SetName } from './certificate-data.ts'
import { judgedModel, taskOf } from './certificate-model.ts'
import type { Bench, Figure } from './harness.ts'

const sets: readonly SetName[] = ['banking77', 'clinc150', 'ag_news', 'dair_emotion']
const risks = [0.05, 0.02] as const
const delta = 0.05
const draws = 400
const calibrationRows = 1000
/** Half of the rows are trained on, the other half is the pool. */
const trainShare = 0.5
const modelSeeds = 3

interface PoolOutcome {
  readonly exceeded: number
  readonly refused: number
  readonly meanCoverage: number
  readonly bestInHindsight: number
}

function outcomeOf(
  pool: readonly HeldAside[],
  heldAside: readonly HeldAside[],
  risk: number,
  seed: number,
): PoolOutcome {
  const random = seededRandom(seed).fork(`draws at ${risk}`)
  let [exceeded, refused, coverage] = [0, 0, 0]
  let novelFree: readonly CandidateRow[] = []
  for (let draw = 0; draw < draws; draw++) {
    const rows = Array.from(drawRows(pool.length, calibrationRows, random), (row) => pool[row]!)
    const { certificate, calibration } = certifyDraw(rows, heldAside, risk)
    const truth = pool.map((row) => asServed(row, calibration, certificate.noveltyLimit))
    novelFree = truth.filter((row) => !row.novel)
    if (certificate.threshold === undefined) {
      refused++
      continue
    }
    const answered = answeredAt(truth, certificate.threshold)
    coverage += answered.coverage
    if (answered.errors / answered.n > risk) exceeded++
  }
  const best = bestInHindsight(riskCoverageCurve(novelFree), risk)
  return {
    exceeded,
    refused,
    meanCoverage: coverage / draws,
    bestInHindsight: (best?.n ?? 0) / pool.length,
  }
}

const none = sha256('')

function certifyDraw(rows: readonly HeldAside[], heldAside: readonly HeldAside[], risk: number) {
  return certify({
    target: { risk, delta },
    wrongMeans: 'error',
    heldAside,
    calibration: rows,
    test: [],
    trainRows: rows.length,
    holdsFor: { specialists: [], maskingVersion: 0 },
    data: { train: none, calibration: none, test: none },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  })
}

function asServed(row: HeldAside, calibration: Calibration, noveltyLimit: number): CandidateRow {
  return {
    score: confidenceOf(calibration, row.score),
    correct: row.correct,
    novel: noveltyOf(calibration, row.noveltyScore) > noveltyLimit,
  }
}

async function measure(name: SetName, seed: number) {
  const set = loadSet(name)
  const fractions = { train: trainShare, calibration: 1 - trainShare, test: 0 }
  const splits = splitExamples(set.train, { seed, fractions })
  const task = taskOf(name, set.train, { risk: risks[0], delta })
  const { parts, heldAside } = await judgedModel(task, splits.train, [splits.calibration.examples], seed)
  const pool = parts[0]!
  return {
    set: name,
    seed,
    poolRows: pool.length,
    accuracy: pool.filter((row) => row.correct).length / pool.length,
    risks: risks.map((risk) => {
      const { exceeded, refused, ...outcome } = outcomeOf(pool, heldAside, risk, seed)
      const share = simulatedShare(exceeded, draws, delta)
      return {
        risk,
        exceeded: share.share,
        allowed: delta + 2 * share.standardError,
        holds: isWithin(share, delta),
        refused: refused / draws,
        ...outcome,
      }
    }),
  }
}

export const bench: Bench = {
  name: 'certificate-validity',
  title:
    'Share of 400 calibration sets of 1,000 whose certificate exceeds its risk: at most 0.05 plus two standard errors.',
  async run({ seed }) {
    const results: Awaited<ReturnType<typeof measure>>[] = []
    const data: Record<string, string> = {}
    for (const name of sets) {
      Object.assign(data, loadSet(name).digests)
      for (let model = seed; model < seed + modelSeeds; model++) {
        results.push(await measure(name, model))
        console.error(JSON.stringify(results.at(-1)))
      }
    }
    const options = { draws, calibrationRows, trainShare, delta, modelSeeds }
    return { seed, options, data, figures: figuresOf(results), results }
  },
}

/** One figure a set and risk: the worst seed's share of draws that exceed it, and the mean coverage. */
function figuresOf(results: readonly Awaited<ReturnType<typeof measure>>[]): readonly Figure[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
  return sets.flatMap((name) =>
    risks.map((risk): Figure => {
      const cells = results
        .filter((result) => result.set === name)
        .flatMap((result) => result.risks.filter((cell) => cell.risk === risk))
      const mean = (of: (cell: (typeof cells)[number]) => number): string =>
        percent(cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length)
      const worst = Math.max(...cells.map((cell) => cell.exceeded))
      const coverage = `coverage ${mean((cell) => cell.meanCoverage)}, best in hindsight ${mean((cell) => cell.bestInHindsight)}, none in ${mean((cell) => cell.refused)} of draws`
      return {
        what: `${name}, risk ${risk}: draws that exceed it, worst seed`,
        measured: `${percent(worst)}; ${coverage}`,
        target: `at most ${percent(Math.min(...cells.map((cell) => cell.allowed)))}`,
        met: cells.every((cell) => cell.holds),
      }
    }),
  )
}

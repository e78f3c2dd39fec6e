import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../base/random.ts'
import { bestInHindsight, riskCoverageCurve } from '../stats/risk-coverage.ts'
import { isWithin, simulatedShare } from '../stats/simulation.ts'
import type { HeldAside } from '../tier/tier.ts'
import { planCandidates } from './candidates.ts'
import { answeredAt, type CandidateRow, loosestPassing } from './threshold.ts'

const target = { risk: 0.02, delta: 0.05 }

/** Chance of an error at a rank of confidence: 0 is the surest row, 1 the least sure. */
type Population = (rank: number) => number

/** As measured on text sets: next to no errors among the sure, many among the unsure. */
const realistic: Population = (rank) => 0.002 + 0.35 * rank ** 6
/** As strong models are: hardly any errors, some label noise everywhere. */
const strong: Population = (rank) => 0.004 + 0.2 * rank ** 12
const populations: Readonly<Record<string, Population>> = {
  realistic,
  strong,
  'risk a little too high at every threshold': () => 0.0205,
  'confident errors: the surest rows are the worst': (rank) => (rank < 0.1 ? 0.2 : 0.001),
  'risk that swings around the target': (rank) => 0.02 + 0.02 * Math.sin(40 * rank),
  'a cliff past two fifths': (rank) => (rank < 0.4 ? 0.002 : 0.3),
  'nearly the target, then far above it': (rank) => (rank < 0.6 ? 0.021 : 0.1),
}

/**
 * Fixed rows whose own errors are the truth that a threshold is judged by. Their score is their rank, or, where the
 * specialist is to be as confident as a real one, the chance to be right, sharpened as raw scores are.
 */
function pool(
  chance: Population,
  rows: number,
  random: Random,
  scoreOf: (rank: number) => number = (rank) => 1 - rank,
): readonly CandidateRow[] {
  return Array.from({ length: rows }, (_, row) => {
    const rank = (row + 0.5) / rows
    return { score: scoreOf(rank), correct: random.next() >= chance(rank), novel: false }
  })
}

function confident(chance: Population): (rank: number) => number {
  return (rank) => 1 - chance(rank) ** 1.3
}

function heldAside(rows: readonly CandidateRow[], count: number, random: Random): readonly HeldAside[] {
  return Array.from({ length: count }, () => {
    const { score, correct } = rows[random.below(rows.length)]!
    return { score, correct, noveltyScore: 0 }
  })
}

interface Simulated {
  readonly exceeded: number
  readonly refused: number
  readonly meanCoverage: number
  readonly bestCoverage: number
}

function simulate(
  rows: readonly CandidateRow[],
  held: readonly HeldAside[],
  options: { readonly calibrationRows: number; readonly draws: number; readonly random: Random },
): Simulated {
  const candidates = planCandidates(held, { target, calibrationRows: options.calibrationRows })
  let [exceeded, refused, coverage] = [0, 0, 0]
  for (let draw = 0; draw < options.draws; draw++) {
    const calibration = Array.from(
      { length: options.calibrationRows },
      () => rows[options.random.below(rows.length)]!,
    )
    const chosen = loosestPassing(candidates, calibration, target)
    if (chosen === undefined) {
      refused++
      continue
    }
    const truth = answeredAt(rows, chosen.score)
    coverage += truth.coverage
    if (truth.errors / truth.n > target.risk) exceeded++
  }
  return {
    exceeded,
    refused,
    meanCoverage: coverage / options.draws,
    bestCoverage: bestInHindsight(riskCoverageCurve(rows), target.risk)?.coverage ?? 0,
  }
}

describe('the guarantee holds, whatever the scores are like', () => {
  const draws = 250
  for (const [name, chance] of Object.entries(populations)) {
    test(name, () => {
      const random = seededRandom(11).fork(name)
      const rows = pool(chance, 4000, random)
      const outcome = simulate(rows, heldAside(rows, 400, random), { calibrationRows: 800, draws, random })
      const share = simulatedShare(outcome.exceeded, draws, target.delta)
      expect(isWithin(share, target.delta), `${share.share} of ${draws} draws exceed the risk`).toBe(true)
    })
  }

  test('even where the held-aside rows come from an easier world', () => {
    const random = seededRandom(12)
    const rows = pool(() => 0.0205, 4000, random)
    const misleading = heldAside(pool(strong, 4000, random), 400, random)
    const { exceeded } = simulate(rows, misleading, { calibrationRows: 800, draws, random })
    expect(isWithin(simulatedShare(exceeded, draws, target.delta), target.delta)).toBe(true)
  })
})

describe('the coverage comes near the best threshold in hindsight', () => {
  test('within 10 points with 2,000 calibration rows, and never 0', () => {
    const random = seededRandom(13)
    const rows = pool(realistic, 4000, random, confident(realistic))
    const outcome = simulate(rows, heldAside(rows, 700, random), { calibrationRows: 2000, draws: 60, random })
    expect(outcome.meanCoverage).toBeGreaterThan(outcome.bestCoverage - 0.1)
    expect(outcome.refused).toBe(0)
  })

  test('a strong specialist is certified with 500 rows in most draws', () => {
    const random = seededRandom(14)
    const rows = pool(strong, 4000, random, confident(strong))
    const outcome = simulate(rows, heldAside(rows, 300, random), { calibrationRows: 500, draws: 100, random })
    expect(outcome.refused).toBeLessThan(50)
    expect(outcome.meanCoverage).toBeGreaterThan(0.4)
  })
})

describe('errors placed by an adversary', () => {
  const clean = (count: number): CandidateRow[] =>
    Array.from({ length: count }, (_, row) => ({ score: 1 - row / count, correct: true, novel: false }))
  const held = clean(500).map(({ score, correct }) => ({ score, correct, noveltyScore: 0 }))
  const candidates = planCandidates(held, { target, calibrationRows: 1000 })

  test('without an error every row may be answered', () => {
    expect(loosestPassing(candidates, clean(1000), target)?.coverage).toBe(1)
  })

  test('errors at the very top refuse everything', () => {
    const rows = clean(1000).map((row, at) => ({ ...row, correct: at >= 25 }))
    expect(loosestPassing(candidates, rows, target)).toBeUndefined()
  })

  test('one error too many just below a candidate stops the loosening there', () => {
    const rows = clean(1000).map((row, at) => ({ ...row, correct: at < 700 || at >= 740 }))
    const chosen = loosestPassing(candidates, rows, target)
    expect(chosen?.errors).toBeLessThan(10)
    expect(chosen?.coverage).toBeGreaterThan(0.69)
    expect(chosen?.coverage).toBeLessThan(0.75)
  })

  test('errors among novel rows count for nothing, and neither do novel rows', () => {
    const rows = clean(1000).map((row, at) => (at < 100 ? { ...row, correct: false, novel: true } : row))
    expect(loosestPassing(candidates, rows, target)).toMatchObject({ n: 900, errors: 0, coverage: 0.9 })
  })

  test('148 rows are too few for a risk of 2%, however right they are', () => {
    const few = planCandidates(held, { target, calibrationRows: 148 })
    expect(loosestPassing(few, clean(148), target)).toBeUndefined()
    expect(loosestPassing(few, clean(149), target)?.coverage).toBe(1)
  })
})

test('what passes has an exact upper bound within the risk', () => {
  const random = seededRandom(15)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0, max: 0.05, noNaN: true }),
      (seed, noise) => {
        const draw = seededRandom(seed)
        const rows = pool((rank) => noise + 0.3 * rank ** 5, 600, draw)
        const candidates = planCandidates(heldAside(rows, 100, random), { target, calibrationRows: 600 })
        const chosen = loosestPassing(candidates, rows, target)
        if (chosen !== undefined) expect(chosen.bound).toBeLessThanOrEqual(target.risk)
      },
    ),
    { seed: 16, numRuns: 60 },
  )
})

test('the parts of delta sum to one and the candidates loosen', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          score: fc.integer({ min: 0, max: 20 }).map((s) => s / 20),
          correct: fc.boolean(),
          noveltyScore: fc.constant(0),
        }),
        { minLength: 1, maxLength: 80 },
      ),
      fc.integer({ min: 0, max: 3000 }),
      (held, calibrationRows) => {
        const candidates = planCandidates(held, { target, calibrationRows })
        expect(candidates.reduce((sum, candidate) => sum + candidate.share, 0)).toBeCloseTo(1, 9)
        const scores = candidates.map((candidate) => candidate.score)
        expect(scores).toEqual([...new Set(scores)].sort((a, b) => b - a))
      },
    ),
    { seed: 17 },
  )
})

test('without held-aside rows there is nothing to try', () => {
  expect(planCandidates([], { target, calibrationRows: 1000 })).toEqual([])
})

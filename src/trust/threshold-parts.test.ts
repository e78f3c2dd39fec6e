import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../base/random.ts'
import { isWithin, simulatedShare } from '../stats/simulation.ts'
import type { HeldAside } from '../tier/tier.ts'
import { planCandidates } from './candidates.ts'
import { answeredAt, type CandidateRow, loosestPassing } from './threshold.ts'

const target = { risk: 0.02, delta: 0.05 }
const promise = 'parts' as const

/** Mean share of wrong parts at a rank of confidence, and how large it is where there is any. */
interface Population {
  readonly loss: (rank: number) => number
  readonly size: number
}

const populations: Readonly<Record<string, Population>> = {
  'few wrong parts among the sure': { loss: (rank) => 0.002 + 0.3 * rank ** 6, size: 0.25 },
  'a little above the target everywhere': { loss: () => 0.0205, size: 0.2 },
  'whole answers wrong, a little too often': { loss: () => 0.0205, size: 1 },
  'confident errors': { loss: (rank) => (rank < 0.1 ? 0.15 : 0.001), size: 0.5 },
  'a cliff past two fifths': { loss: (rank) => (rank < 0.4 ? 0.002 : 0.2), size: 0.5 },
}

function pool({ loss, size }: Population, rows: number, random: Random): readonly CandidateRow[] {
  return Array.from({ length: rows }, (_, row) => {
    const rank = (row + 0.5) / rows
    const wrong = random.next() < loss(rank) / size
    return { score: 1 - rank, correct: !wrong, novel: false, loss: wrong ? size : 0 }
  })
}

function draws(rows: readonly CandidateRow[], count: number, random: Random): readonly CandidateRow[] {
  return Array.from({ length: count }, () => rows[random.below(rows.length)]!)
}

function heldAside(rows: readonly CandidateRow[]): readonly HeldAside[] {
  return rows.map(({ score, correct, loss }) => ({ score, correct, loss: loss!, noveltyScore: 0 }))
}

describe('the mean share of wrong parts exceeds the risk at most as often as delta says', () => {
  const rounds = 150
  for (const [name, population] of Object.entries(populations)) {
    test(name, () => {
      const random = seededRandom(21).fork(name)
      const rows = pool(population, 4000, random)
      const held = heldAside(draws(rows, 400, random))
      const candidates = planCandidates(held, { target, calibrationRows: 800, promise })
      let exceeded = 0
      for (let round = 0; round < rounds; round++) {
        const chosen = loosestPassing(candidates, draws(rows, 800, random), target, { promise })
        if (chosen && answeredAt(rows, chosen.score, { promise }).meanLoss! > target.risk) exceeded++
      }
      const share = simulatedShare(exceeded, rounds, target.delta)
      expect(isWithin(share, target.delta), `${share.share} of the draws`).toBe(true)
    })
  }
})

test('where a quarter of an answer is wrong at a time, far more is answered than by whole answers', () => {
  const random = seededRandom(22)
  const rows = pool({ loss: (rank) => 0.004 + 0.1 * rank ** 4, size: 0.25 }, 4000, random)
  const held = heldAside(draws(rows, 600, random))
  const coverage = (options: { promise?: 'parts' }): number => {
    const candidates = planCandidates(held, { target, calibrationRows: 1000, ...options })
    let sum = 0
    for (let round = 0; round < 20; round++)
      sum += loosestPassing(candidates, draws(rows, 1000, random), target, options)?.coverage ?? 0
    return sum / 20
  }
  expect(coverage({ promise })).toBeGreaterThan(coverage({}) + 0.2)
})

test('what passes is said with its mean loss and a bound within the risk', () => {
  const random = seededRandom(23)
  const rows = pool({ loss: () => 0.004, size: 0.25 }, 2000, random)
  const candidates = planCandidates(heldAside(draws(rows, 400, random)), {
    target,
    calibrationRows: 800,
    promise,
  })
  const chosen = loosestPassing(candidates, draws(rows, 800, random), target, { promise })!
  expect(chosen.meanLoss).toBeGreaterThan(0)
  expect(chosen.bound).toBeGreaterThan(chosen.meanLoss!)
  expect(chosen.bound).toBeLessThanOrEqual(target.risk)
})

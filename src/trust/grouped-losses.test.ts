import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { groupsOf, lossesByGroup } from './grouped-losses.ts'
import { type CandidateRow, loosestPassing, riskBound } from './threshold.ts'

const target = { risk: 0.02, delta: 0.05 }
const all = [{ score: 0, share: 1 }]

/** Groups of ten rows that are wrong together, with this probability. */
function rowsOf(groups: number, risk: number, seed: number): readonly CandidateRow[] {
  const random = seededRandom(seed)
  return Array.from({ length: groups }, (_, group) => {
    const correct = random.next() >= risk
    return Array.from({ length: 10 }, () => ({ score: 1, novel: false, correct, group: `${group}` }))
  }).flat()
}

test('where rows of a group are wrong together, a risk above the target is certified in at most 5% of the draws', () => {
  const rounds = 400
  let [byGroup, byRow] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const rows = rowsOf(240, 0.0225, round)
    const alone = rows.map(({ group: _, ...row }) => row)
    if (loosestPassing(all, rows, target)) byGroup++
    if (loosestPassing(all, alone, target)) byRow++
  }
  expect(byRow / rounds).toBeGreaterThan(0.15)
  expect(byGroup / rounds).toBeLessThanOrEqual(0.05)
})

test('enough groups without an error are certified, and the bound is about what as many rows would give', () => {
  const rows = rowsOf(240, 0, 1)
  const passed = loosestPassing(all, rows, target)
  expect(passed).toMatchObject({ n: 2400, errors: 0 })
  expect(passed!.bound).toBeLessThan(0.02)
  expect(passed!.bound).toBeGreaterThan(
    riskBound(
      rows.map(({ group: _, ...row }) => row),
      { score: 0, n: 2400, errors: 0 },
      target,
    ),
  )
  expect(loosestPassing(all, rowsOf(40, 0, 1), target)).toBeUndefined()
})

test('groups of one row each are rows', () => {
  expect(groupsOf([{ group: 'a' }, { group: 'b' }, {}])).toBeUndefined()
  expect(groupsOf([{ group: 'a' }, {}, { group: 'a' }])).toEqual({ members: [[0, 2], [1]], largest: 2 })
})

test('a draw lies in 0..1, and groups of which nothing is answered give none', () => {
  const groups = { members: [[0, 1], [2, 3], [4]], largest: 2 }
  const losses = [1, 1, undefined, 0, undefined]
  const { values, count } = lossesByGroup(groups, 0.1, (row) => losses[row])
  expect([...Array.from(values).slice(0, count)]).toEqual([1, 0.05])
})

import { expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { specialistId, taskId } from '../base/ids.ts'
import { type Random, seededRandom } from '../base/random.ts'
import { isWithin, simulatedShare } from '../stats/simulation.ts'
import type { HeldAside } from '../tier/tier.ts'
import { confidenceOf, fitCalibration, noveltyOf } from './calibration.ts'
import { onlyFirst, type PairedRow, planCascade } from './cascade-plan.ts'
import { stageGate } from './certificate.ts'
import { certify } from './certify.ts'
import { type CertifyCascadeInput, certifyCascade } from './certify-cascade.ts'
import { noveltyLimitFor } from './novelty-limit.ts'

const target = { risk: 0.02, delta: 0.05 }
const ids = { nano: specialistId(taskId('mail'), 1), micro: specialistId(taskId('mail'), 2) }
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** Rows that are easy or hard for both, each of which sees that with noise of its own. */
function pairs(count: number, random: Random): readonly PairedRow[] {
  return Array.from({ length: count }, () => {
    const ease = 4.2 + 2.6 * random.normal()
    const strange = random.next() < 0.01
    const side = (skill: number, noise: number): HeldAside => {
      const seen = ease + skill + noise * random.normal()
      return {
        score: Math.fround(sigmoid(seen)),
        correct: !strange && random.next() < sigmoid(ease + skill),
        noveltyScore: strange ? 10 + random.next() : random.normal(),
      }
    }
    return { first: side(0, 1.2), second: side(1, 0.7) }
  })
}

function inputOf(seed: number, changes: Partial<CertifyCascadeInput> = {}): CertifyCascadeInput {
  const random = seededRandom(seed)
  const heldAside = pairs(800, random.fork('aside')).filter(({ first }) => first.noveltyScore < 5)
  const calibration = pairs(2000, random.fork('calibration'))
  const nano = heldAside.map(({ first }) => first)
  return {
    target,
    wrongMeans: 'error',
    heldAside,
    calibration,
    test: pairs(2000, random.fork('test')),
    first: {
      id: ids.nano,
      calibration: fitCalibration([...calibration.map(({ first }) => first), ...nano], nano),
      noveltyLimit: noveltyLimitFor(nano.length),
    },
    second: { id: ids.micro, heldAside: heldAside.map(({ second }) => second) },
    trainRows: 6000,
    holdsFor: { specialists: [], maskingVersion: 0 },
    data: { train: sha256('a'), calibration: sha256('b'), test: sha256('c') },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    ...changes,
  }
}

/** What the cascade answers, by confidences and gates alone, as it is served. */
function servedOn(rows: readonly PairedRow[], input: CertifyCascadeInput) {
  const { certificate, calibration } = certifyCascade(input)
  const gates = [stageGate(certificate, ids.nano), stageGate(certificate, ids.micro)] as const
  const scales = [input.first.calibration, calibration] as const
  const answered = rows.flatMap(({ first, second }) => {
    const at = [first, second].findIndex(({ score, noveltyScore }, stage) => {
      const { threshold, noveltyLimit } = gates[stage]!
      const isSure = threshold !== undefined && confidenceOf(scales[stage]!, score) >= threshold
      return isSure && noveltyOf(scales[stage]!, noveltyScore) <= noveltyLimit
    })
    return at < 0 ? [] : [{ stage: at, ...[first, second][at]! }]
  })
  const errors = answered.filter(({ correct }) => !correct).length
  return { certificate, answered, risk: errors / Math.max(1, answered.length) }
}

test('the certificate counts exactly what the gates of both stages let answer', () => {
  const input = inputOf(1)
  for (const part of ['calibration', 'test'] as const) {
    const { certificate, answered } = servedOn(input[part], input)
    expect(certificate[part].n).toBe(answered.length)
    expect(certificate[part].errors).toBe(answered.filter(({ correct }) => !correct).length)
    for (const stage of [0, 1]) {
      const own = answered.filter((row) => row.stage === stage)
      const counts = certificate.stages![stage]![part]
      expect(counts).toEqual({ n: own.length, errors: own.filter(({ correct }) => !correct).length })
    }
  }
})

test('both stages answer, and together about as much as the better one alone', () => {
  let [together, alone] = [0, 0]
  for (let seed = 10; seed < 20; seed++) {
    const input = inputOf(seed)
    const { certificate } = certifyCascade(input)
    expect(certificate.stages!.map(({ calibration }) => calibration.n > 0)).toEqual([true, true])
    expect(certificate.threshold).toBe(certificate.stages![1]!.threshold)
    together += certificate.test.coverage
    const seconds = (rows: readonly PairedRow[]) => rows.map(({ second }) => second)
    alone += certify({
      ...input,
      heldAside: seconds(input.heldAside),
      calibration: seconds(input.calibration),
      test: seconds(input.test),
    }).certificate.test.coverage
  }
  expect(together / 10).toBeGreaterThan(0.55)
  expect(together).toBeGreaterThan(alone - 0.2)
})

test('the risk of all local answers together exceeds the target in at most delta of the draws', () => {
  const truth = pairs(8000, seededRandom(77))
  const draws = 80
  let [exceeded, refused] = [0, 0]
  for (let seed = 100; seed < 100 + draws; seed++) {
    const { certificate, risk } = servedOn(
      truth,
      inputOf(seed, { calibration: pairs(1000, seededRandom(seed).fork('few')), test: [] }),
    )
    if (certificate.threshold === undefined) refused++
    else if (risk > target.risk) exceeded++
  }
  expect(isWithin(simulatedShare(exceeded, draws, target.delta), target.delta)).toBe(true)
  expect(refused / draws).toBeLessThan(0.2)
})

test('the promise holds too where held-aside rows said that the first specialist is never wrong', () => {
  const truth = pairs(8000, seededRandom(78))
  const draws = 40
  let exceeded = 0
  for (let seed = 300; seed < 300 + draws; seed++) {
    const heldAside = pairs(400, seededRandom(seed).fork('flattering')).map(({ first, second }) => ({
      first: { ...first, correct: true },
      second,
    }))
    const { certificate, risk } = servedOn(truth, inputOf(seed, { heldAside, test: [] }))
    if (certificate.threshold !== undefined && risk > target.risk) exceeded++
  }
  expect(isWithin(simulatedShare(exceeded, draws, target.delta), target.delta)).toBe(true)
})

test('a first specialist that knows nothing never answers, and the certificate says so', () => {
  const useless = (row: PairedRow): PairedRow => ({ ...row, first: { ...row.first, correct: false } })
  const input = inputOf(5)
  const { certificate, plan } = certifyCascade({
    ...input,
    heldAside: input.heldAside.map(useless),
    calibration: input.calibration.map(useless),
    test: input.test.map(useless),
  })
  expect(plan.opening).toBeUndefined()
  expect(certificate.stages![0]).not.toHaveProperty('threshold')
  expect(certificate.stages![0]!.calibration.n).toBe(0)
  expect(certificate.threshold).toBeDefined()
})

test('where nothing passes no stage has a threshold', () => {
  const { certificate } = certifyCascade(inputOf(6, { calibration: pairs(100, seededRandom(6)) }))
  expect(certificate.threshold).toBeUndefined()
  expect(certificate.refusal).toMatch(/Nothing is answered locally/)
  expect(certificate.stages!.every((stage) => !('threshold' in stage))).toBe(true)
  expect(stageGate(certificate, ids.nano)).not.toHaveProperty('threshold')
})

test('candidates follow from the held-aside rows alone: the first answers at all, the second at ever more', () => {
  const { heldAside, first } = inputOf(8)
  const options = { target, calibrationRows: 2000, first, second: first }
  const plan = planCascade(heldAside, options)
  expect(plan).toEqual(planCascade([...heldAside], options))
  const scores = plan.candidates.map(({ score }) => score)
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
  expect(scores[0]).toBeLessThanOrEqual(onlyFirst)
  expect(plan.candidates.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  expect(planCascade([], options)).toEqual({ candidates: [], expectedCoverage: 0 })
})

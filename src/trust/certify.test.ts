import { expect, test } from 'vitest'
import { type Sha256, sha256 } from '../base/hash.ts'
import { specialistId, taskId } from '../base/ids.ts'
import { seededRandom } from '../base/random.ts'
import type { HeldAside, RawPrediction, RawPredictor } from '../tier/tier.ts'
import { calibratedPredictor } from './calibrated-predictor.ts'
import { type CertifyInput, certify, judgedRows } from './certify.ts'

const target = { risk: 0.02, delta: 0.05 }
const clock = { nowMs: () => Date.UTC(2026, 10, 24), monotonicMs: () => 0 }
const digest = (name: string): Sha256 => sha256(name)

/** A specialist whose errors lie among its unsure rows; one row in fifty is from elsewhere, wrong and novel. */
function judged(count: number, seed: number): readonly HeldAside[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const rank = random.next()
    const strange = random.next() < 0.02
    return {
      score: Math.fround(1 - 0.5 * rank ** 3),
      correct: !strange && random.next() >= 0.002 + 0.3 * rank ** 5,
      noveltyScore: strange ? 10 + random.next() : random.normal(),
    }
  })
}

function inputOf(changes: Partial<CertifyInput> = {}): CertifyInput {
  return {
    target,
    wrongMeans: 'disagreement',
    heldAside: judged(600, 1).filter((row) => row.noveltyScore < 5),
    calibration: judged(2000, 2),
    test: judged(1000, 3),
    trainRows: 6000,
    holdsFor: {
      specialists: [{ id: specialistId(taskId('mail'), 1), digest: digest('files') }],
      maskingVersion: 1,
    },
    data: { train: digest('train'), calibration: digest('calibration'), test: digest('test') },
    clock,
    ...changes,
  }
}

function rawPredictor(rows: readonly HeldAside[]): RawPredictor {
  const raw = (row: HeldAside): RawPrediction => ({
    output: { kind: 'labels', labels: [row.correct ? 'right' : 'wrong'] },
    score: row.score,
    noveltyScore: row.noveltyScore,
  })
  return {
    predict: async () => rows.map(raw),
    inline: { inlineLimit: 100, predict: () => raw(rows[0]!) },
    sizeBytes: 12,
    dispose: async () => undefined,
  }
}

test('a certificate says what it promises, on which rows, since when', () => {
  const { certificate } = certify(inputOf())
  expect(certificate).toMatchObject({
    ...target,
    wrongMeans: 'disagreement',
    date: '2026-11-24T00:00:00.000Z',
  })
  expect(certificate.threshold).toBeGreaterThan(0.5)
  expect(certificate.calibration.rows).toBe(2000)
  expect(certificate.calibration.bound).toBeLessThanOrEqual(target.risk)
  expect(certificate.calibration.coverage).toBeGreaterThan(0.3)
  expect(certificate.test.errors / certificate.test.n).toBeLessThan(target.risk)
  expect(certificate.refusal).toBeUndefined()
})

test('the threshold in confidences answers exactly the rows that the certificate counts', async () => {
  for (const [rows, part] of [
    [inputOf().calibration, 'calibration'],
    [inputOf().test, 'test'],
  ] as const) {
    const { certificate, calibration } = certify(inputOf())
    const predictions = await calibratedPredictor(rawPredictor(rows), calibration).predict([])
    const answered = predictions.filter(
      (prediction) =>
        prediction.confidence >= certificate.threshold! && prediction.novelty <= certificate.noveltyLimit,
    )
    expect(answered.length).toBe(certificate[part].n)
    const wrong = answered.filter(
      ({ output }) => output.kind === 'labels' && output.labels[0] === 'wrong',
    ).length
    expect(wrong).toBe(certificate[part].errors)
  }
})

test('the test rows choose nothing', () => {
  const usual = certify(inputOf())
  const spoilt = certify(inputOf({ test: judged(1000, 3).map((row) => ({ ...row, correct: false })) }))
  expect(spoilt.certificate.threshold).toBe(usual.certificate.threshold)
  expect(spoilt.certificate.calibration).toEqual(usual.certificate.calibration)
  expect(spoilt.calibration).toEqual(usual.calibration)
  expect(spoilt.certificate.test.errors).toBe(spoilt.certificate.test.n)
})

test('novel rows are left out, so that errors among them break no promise', () => {
  const strangers = judged(2000, 2).map((row, at) =>
    at % 20 === 0 ? { score: 1, correct: false, noveltyScore: 50 } : row,
  )
  const { certificate } = certify(inputOf({ calibration: strangers }))
  expect(certificate.threshold).toBeDefined()
  expect(certificate.calibration.coverage).toBeLessThanOrEqual(0.95)
})

test('nothing is answered where nothing passes, and the refusal says why and how many more', () => {
  const { certificate } = certify(inputOf({ calibration: judged(120, 4), test: [] }))
  expect(certificate.threshold).toBeUndefined()
  expect(certificate.calibration).toEqual({ rows: 120, n: 0, errors: 0, coverage: 0, bound: 1 })
  expect(certificate.test).toEqual({ rows: 0, n: 0, errors: 0, coverage: 0, bound: 1 })
  expect(certificate.refusal).toMatch(
    /no threshold showed at most 2% in disagreement with the upstream with confidence 95% on 120/,
  )
})

test('no held-aside rows, and no rows at all, end in a refusal', () => {
  expect(certify(inputOf({ heldAside: [] })).certificate.refusal).toBeDefined()
  const none = certify(inputOf({ heldAside: [], calibration: [], test: [], trainRows: 2 })).certificate
  expect(none.refusal).toMatch(/no calibration rows/)
})

test('the predictor answers at once as it does later, and passes on the rest', async () => {
  const rows = judged(3, 5)
  const { calibration } = certify(inputOf())
  const predictor = calibratedPredictor(rawPredictor(rows), calibration)
  const [later] = await predictor.predict([])
  expect(predictor.inline?.predict({ kind: 'text', text: 'x' })).toEqual(later)
  expect(predictor.inline?.inlineLimit).toBe(100)
  expect(predictor.sizeBytes).toBe(12)
})

test('calibrating a prediction takes less than a microsecond', () => {
  const rows = judged(1, 6)
  const { calibration } = certify(inputOf())
  const raw = rawPredictor(rows)
  const { inline } = calibratedPredictor(raw, calibration)
  const text = { kind: 'text', text: 'x' } as const
  const nanosecondsOf = (work: () => unknown): number => {
    const rounds = 200_000
    const from = performance.now()
    for (let i = 0; i < rounds; i++) work()
    return ((performance.now() - from) * 1e6) / rounds
  }
  // The least of several runs: the machine is shared.
  const least = (work: () => unknown): number =>
    Math.min(...Array.from({ length: 7 }, () => nanosecondsOf(work)))
  expect(least(() => inline!.predict(text)) - least(() => raw.inline!.predict(text))).toBeLessThan(1000)
})

test('judged rows keep scores and say which were right', () => {
  const rows = judgedRows([{ score: 0.5, noveltyScore: 2 }], [true])
  expect(rows).toEqual([{ score: 0.5, noveltyScore: 2, correct: true }])
})

import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Prediction } from '../task/predictor.ts'
import { driftMonitor, type Typical, typicalOf, typicalSchema } from './drift.ts'

const random = seededRandom(21)

interface Stream {
  readonly labels?: number
  /** Exponent on confidences: above 1 they are lower. */
  readonly doubt?: number
  readonly strange?: number
}

function said({ labels = 40, doubt = 1, strange = 0 }: Stream = {}): Prediction {
  return {
    output: { kind: 'labels', labels: [`label ${random.below(labels)}`] },
    confidence: random.next() ** (doubt / 4),
    novelty: random.next() < strange ? 0.995 : random.next(),
  }
}

const many = (count: number, stream?: Stream): Prediction[] =>
  Array.from({ length: count }, () => said(stream))

function driftOf(typical: Typical, predictions: readonly Prediction[]) {
  const monitor = driftMonitor(typical)
  for (const one of predictions) monitor.add(one)
  return monitor.figures()
}

test('over 40 windows of typical inputs nothing is said to drift in all but a few of 100 lives', () => {
  let alarms = 0
  for (let life = 0; life < 100; life++) {
    const monitor = driftMonitor(typicalOf(many(600)))
    let alarmed = false
    for (let call = 0; call < 10_000; call++) {
      monitor.add(said())
      if (call % 250 === 249 && monitor.figures().drifting.length > 0) alarmed = true
    }
    if (alarmed) alarms++
  }
  expect(alarms).toBeLessThanOrEqual(5 + 2 * Math.sqrt(100 * 0.05 * 0.95))
})

test.each<[string, Stream]>([
  ['confidence', { doubt: 2 }],
  ['novelty', { strange: 0.15 }],
  ['labels', { labels: 15 }],
])('a change of the %s alone is found within four windows and named', (what, stream) => {
  const typical = typicalOf(many(1000))
  expect(driftOf(typical, [...many(2500), ...many(1000, stream)]).drifting).toEqual([what])
})

test('an alarm passes when the inputs are typical again', () => {
  const typical = typicalOf(many(1000))
  const passed = [...many(1000, { doubt: 2 }), ...many(2250)]
  expect(driftOf(typical, passed)).toEqual({ windows: 13, drifting: [] })
})

test('labels that no calibration row had count as one more label', () => {
  const typical = typicalOf(many(1000, { labels: 20 }))
  expect(driftOf(typical, many(1000, { labels: 30 })).drifting).toEqual(['labels'])
})

test('it is kept as JSON, also of answers that are no labels, and where all confidences are equal', () => {
  const spans = many(50).map(
    (one): Prediction => ({ ...one, output: { kind: 'spans', spans: [] }, confidence: 1 }),
  )
  const typical = typicalOf(spans)
  expect(typicalSchema.parse(JSON.parse(JSON.stringify(typical)))).toEqual(typical)
  expect(typical).not.toHaveProperty('labels')
  expect(typical.confidence.counts).toEqual([50, 0])
  expect(driftOf(typical, spans).drifting).toEqual([])
})

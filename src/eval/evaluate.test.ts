import { expect, test } from 'vitest'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import type { Predictor } from '../task/predictor.ts'
import type { TaskOutput } from '../task/types.ts'
import type { Baseline } from './baseline.ts'
import { confidenceMetrics } from './confidence.ts'
import { evaluate } from './evaluate.ts'
import { judge, sameOutput, wrongMeans } from './judge.ts'
import { compareWithBaselines, fitBaselines } from './report.ts'

const labels = (...names: string[]): TaskOutput => ({ kind: 'labels', labels: names })

function example(text: string, output: TaskOutput, source: Example['source'] = 'gold'): Example {
  const input = { kind: 'text', text } as const
  return { id: exampleId(input), input, output, source, weight: 1 }
}

const examples = Array.from({ length: 600 }, (_, row) => example(`${row}`, labels(row % 2 ? 'odd' : 'even')))

/** Right but for every tenth row, of which it is unsure; every twentieth row looks strange to it. */
const predictor: Pick<Predictor, 'predict'> = {
  predict: async (inputs) =>
    inputs.map((input) => {
      const row = input.kind === 'text' ? Number(input.text) : 0
      const right = row % 2 ? 'odd' : 'even'
      const errs = row % 10 === 0
      return {
        output: labels(errs ? 'odd' : right),
        confidence: errs ? 0.4 : 0.9,
        novelty: row % 20 === 7 ? 0.999 : 0.5,
      }
    }),
}

test('any predictor is judged, in batches, with what a gate would let through', async () => {
  const seen: number[] = []
  const evaluation = await evaluate(predictor, examples, {
    gate: { threshold: 0.8, noveltyLimit: 0.99 },
    progress: ({ done }) => seen.push(done),
  })
  expect(seen).toEqual([256, 512, 600])
  expect(evaluation.right.value).toBeCloseTo(0.9, 9)
  expect(evaluation.classification?.accuracy).toEqual(evaluation.right)
  expect(evaluation.confidence.auroc).toBe(1)
  expect(evaluation.underCertificate).toMatchObject({ n: 510, errors: 0, coverage: { value: 0.85 } })
  expect(evaluation.wrongMeans).toBe('error')
})

test('rows whose right answer is no label of the task are wrong, and in no figure of labels', async () => {
  const rare = Array.from({ length: 300 }, (_, row) =>
    example(`${1000 + row}`, { kind: 'text', text: 'neither' }),
  )
  const evaluation = await evaluate(predictor, [...examples, ...rare])
  expect(evaluation.right.value).toBeCloseTo(0.6, 9)
  expect(evaluation.classification?.accuracy.value).toBeCloseTo(0.9, 9)
})

test('a gate without a threshold lets nothing through', async () => {
  const { underCertificate } = await evaluate(predictor, examples, { gate: { noveltyLimit: 0.99 } })
  expect(underCertificate).toMatchObject({ n: 0, errors: 0 })
  expect(underCertificate?.realisedError).toBeUndefined()
})

test('no examples, and a fired signal, are errors that say so', async () => {
  await expect(evaluate(predictor, [])).rejects.toThrow(/no examples to evaluate/)
  await expect(evaluate(predictor, examples, { signal: AbortSignal.abort() })).rejects.toThrow(/Cancelled/)
})

test('expected calibration error and Brier score have their known values', () => {
  const metrics = confidenceMetrics(Array(100).fill(0.8), [...Array(70).fill(true), ...Array(30).fill(false)])
  expect(metrics.brier).toBeCloseTo(0.7 * 0.04 + 0.3 * 0.64, 9)
  expect(confidenceMetrics([0.5, 0.5], [true, true])).toMatchObject({ ece: 0.5, brier: 0.25, aurc: 0 })
  expect(confidenceMetrics([0.5, 0.5], [true, true]).auroc).toBeUndefined()
})

test('the same output: labels as sets, spans and answers by place, texts by their letters', () => {
  const span = (start: number, label?: string) => ({
    start,
    end: start + 2,
    text: 'ab',
    ...(label ? { label } : {}),
  })
  expect(sameOutput(labels('a', 'b'), labels('b', 'a'))).toBe(true)
  expect(sameOutput(labels('a'), labels('a', 'b'))).toBe(false)
  expect(
    sameOutput(
      { kind: 'spans', spans: [span(0, 'X'), span(5, 'Y')] },
      { kind: 'spans', spans: [span(5, 'Y'), span(0, 'X')] },
    ),
  ).toBe(true)
  expect(sameOutput({ kind: 'spans', spans: [span(0, 'X')] }, { kind: 'spans', spans: [span(0, 'Y')] })).toBe(
    false,
  )
  expect(sameOutput({ kind: 'answer' }, { kind: 'answer' })).toBe(true)
  expect(sameOutput({ kind: 'answer', span: span(1) }, { kind: 'answer' })).toBe(false)
  expect(sameOutput({ kind: 'text', text: 'a' }, { kind: 'text', text: 'a ' })).toBe(false)
  expect(sameOutput(labels('a'), { kind: 'text', text: 'a' })).toBe(false)
  expect(() => judge([], examples)).toThrow(/0 predictions for 600 examples/)
})

test('wrong means disagreement as soon as one right answer is the upstream’s or a program’s', () => {
  expect(wrongMeans([{ source: 'gold' }, { source: 'human' }])).toBe('error')
  expect(wrongMeans([{ source: 'gold' }, { source: 'teacher' }])).toBe('disagreement')
  expect(wrongMeans([{ source: 'synthetic' }])).toBe('disagreement')
})

test('a comparison pairs the specialist with each baseline and the upstream on the same rows', async () => {
  const predictions = await predictor.predict(examples.map(({ input }) => input))
  const fitted: [number, string][] = []
  const majorityOnly: Baseline = {
    name: 'majority',
    fit: async (texts, names) => {
      fitted.push([texts.length, names[0]!])
      return { predict: async (asked) => asked.map(() => 'even') }
    },
  }
  const comparison = await compareWithBaselines({
    test: examples,
    predictions,
    upstream: examples,
    baselines: await fitBaselines([majorityOnly], examples.slice(0, 10), { seed: 4 }),
    seed: 4,
  })
  expect(fitted).toEqual([[10, 'even']])
  const [majority, upstream] = comparison.contenders
  expect(comparison.accuracy.value).toBeCloseTo(0.9, 9)
  expect(majority!.accuracy.value).toBe(0.5)
  expect(majority!.specialistLead.value).toBeCloseTo(0.4, 9)
  expect(majority!.specialistLead.low).toBeGreaterThan(0.3)
  expect(majority!.specialistLead.pValue).toBeLessThan(1e-6)
  expect(upstream!.specialistLead.high).toBeLessThan(0)
})

test('the baselines refuse what they cannot read', async () => {
  const fitOn = (train: readonly Example[]) => fitBaselines([], train, { seed: 0 })
  expect(await fitOn(examples)).toEqual([])
  await expect(fitOn([example('x', { kind: 'text', text: 'y' })])).rejects.toThrow(/give one label/)
})

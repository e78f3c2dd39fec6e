import { afterAll, describe, expect, test } from 'vitest'
import { exampleSet } from '../../data/example-set.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import type { Task } from '../../task/types.ts'
import { labelled, tinyRows, tinyTask } from '../tier.contract.ts'
import { createMicroTier } from './micro-tier.ts'
import { tinyBase } from './tiny-base.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())
const tier = createMicroTier({ openBase: async () => tinyBase(), runtime, threads: 1 })

describe('classification on an encoder', () => {
  test('bears a task with more labels than rows, and answers with one of them', async () => {
    const labels = Array.from({ length: 60 }, (_, at) => `label ${at}`)
    const many: Task = { ...tinyTask, space: { kind: 'labels', labels, multiple: false } }
    const rows = Array.from({ length: 40 }, (_, at) =>
      labelled(`question ${at} about my card`, `label ${at % 30}`),
    )
    const predictor = await tier.load(await tier.train(many, exampleSet(rows), { seed: 0 }))
    const [said] = await predictor.predict([{ kind: 'text', text: 'about my card' }])
    expect(said!.output.kind === 'labels' && labels.includes(said!.output.labels[0]!)).toBe(true)
    expect(said!.distribution!.labels).toEqual(labels)
    expect(said!.score).toBeGreaterThan(0)
    await predictor.dispose()
  }, 120_000)

  test('learns from texts of 100,000 characters and answers them, beside short, empty and odd ones', async () => {
    const long = (text: string): string => `${text} `.repeat(Math.ceil(100_000 / (text.length + 1)))
    const rows = tinyRows(60, 1).examples.map((row, at) => {
      if (at % 12 !== 0 || row.input.kind !== 'text' || row.output.kind !== 'labels') return row
      return labelled(long(row.input.text), row.output.labels[0]!)
    })
    const predictor = await tier.load(await tier.train(tinyTask, exampleSet(rows), { seed: 0 }))
    const texts = [long('visa card'), '', ' ', '\u0000', '\ud83d', 'visa card', 'e\u0301'.repeat(50_000)]
    const said = await predictor.predict(texts.map((text) => ({ kind: 'text', text })))
    expect(said.map(({ score }) => Number.isFinite(score) && score >= 0 && score <= 1)).toEqual(
      texts.map(() => true),
    )
    expect(said.every(({ noveltyScore }) => Number.isFinite(noveltyScore))).toBe(true)
    await predictor.dispose()
  }, 120_000)
})

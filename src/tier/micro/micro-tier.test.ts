import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { appError } from '../../base/errors.ts'
import type { Example } from '../../data/example.ts'
import { exampleSet } from '../../data/example-set.ts'
import { parseSafetensors } from '../../model/weights/safetensors.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import type { Task } from '../../task/types.ts'
import { describeTier, labelled, tinyRows, tinyTask } from '../tier.contract.ts'
import type { TrainOptions } from '../tier.ts'
import { weightsFile } from './artefact.ts'
import { createMicroTier } from './micro-tier.ts'
import { chooseRecipe, type Recipe, type RecipeFacts } from './recipe.ts'
import { tinyBase } from './tiny-base.contract.ts'

// Vectors of an encoder that was never trained lie close together: a head over them may be steep.
const recipeOf = (facts: RecipeFacts): Recipe => ({
  head: { ...chooseRecipe(facts).head, cost: 3000, learningRate: 0.2 },
})

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

describeTier('micro', async () => ({
  tier: createMicroTier({ openBase: async () => tinyBase(), runtime, recipeOf }),
  rows: 300,
  timeoutMs: 1000,
}))

const openBase = async () => tinyBase()

const quickly = {
  ...{ layers: 1, epochs: 3, batchRows: 16, learningRate: 2e-3, headRate: 4, steepness: 30 },
  finish: { epochs: 3, learningRate: 2e-3 },
}

/** The upper layer of the tiny base trains, at rates for one that was never trained. */
const upperLayer = (facts: RecipeFacts): Recipe => {
  const { fineTune } = chooseRecipe({ ...facts, rows: Number.MAX_SAFE_INTEGER })
  return { ...recipeOf(facts), fineTune: { ...fineTune!, ...quickly } }
}

describe('the micro tier', () => {
  test('trains the upper layer too, keeps only what changed, and answers as well', async () => {
    const tier = createMicroTier({ openBase, runtime, recipeOf: upperLayer })
    const stages: string[] = []
    const artefact = await tier.train(tinyTask, tinyRows(240, 1), {
      seed: 0,
      progress: ({ stage }) => stages.push(stage),
    })
    expect(new Set(stages)).toEqual(new Set(['reading', 'training']))
    const { training } = artefact.meta
    expect(training).toMatchObject({ trainedLayers: 1, epochs: 6, checkRows: 60 })
    const kept = await parseSafetensors(artefact.files.get(weightsFile)!, weightsFile)
    const layers = kept.names.filter((name) => name.startsWith('encoder.'))
    expect(layers).toHaveLength(16)
    expect(layers.every((name) => name.startsWith('encoder.layer.1.'))).toBe(true)
    expect(artefact.heldAside.every(({ distribution }) => distribution?.labels.length === 3)).toBe(true)
    const predictor = await tier.load(artefact)
    const { examples } = tinyRows(60, 2)
    const said = await predictor.predict(examples.map(({ input }) => input))
    const right = said.filter(({ output }, row) => isSame(output, examples[row]!.output)).length
    expect(right).toBeGreaterThanOrEqual(57)
    await predictor.dispose()
  }, 60_000)

  test('goes on from the checkpoints of a training that was broken off, and ends with the same bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-micro-'))
    try {
      const tier = createMicroTier({ openBase, runtime, recipeOf: upperLayer })
      const train = (more: Partial<TrainOptions>) =>
        tier.train(tinyTask, tinyRows(120, 1), { seed: 0, checkpointFolder: folder, ...more })
      const controller = new AbortController()
      const stopAfterFirst: TrainOptions['progress'] = ({ stage, done }) => {
        if (stage === 'training' && done > 55) controller.abort()
      }
      await expect(train({ signal: controller.signal, progress: stopAfterFirst })).rejects.toMatchObject({
        code: 'cancelled',
      })
      expect(await readdir(folder)).toContain('learn')
      const wentOn = await train({})
      expect((await readdir(folder)).sort()).toEqual(['learn', 'whole'])
      const afresh = await tier.train(tinyTask, tinyRows(120, 1), { seed: 0 })
      expect(wentOn.files).toEqual(afresh.files)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 60_000)

  test('begins from the base that is asked for', async () => {
    const asked: string[] = []
    const named = async (name: string) => {
      asked.push(name)
      return tinyBase()
    }
    const tier = createMicroTier({ openBase: named, runtime, recipeOf })
    await tier.train(tinyTask, tinyRows(30, 1), { seed: 0, base: 'another' })
    expect(asked).toEqual(['another'])
  }, 60_000)

  test('answers any number of labels where a task has several', async () => {
    const labels = ['card', 'loan']
    const task: Task = { ...tinyTask, space: { kind: 'labels', labels, multiple: true } }
    const pairs = [[], ['card'], ['loan'], ['card', 'loan']]
    const examples = Array.from({ length: 120 }, (_, row) => {
      const wanted = pairs[row % pairs.length]!
      const output = { kind: 'labels', labels: wanted } as const
      return labelled(`please help with my ${wanted.join(' and ') || 'weather'} number ${row}`, '', {
        output,
      })
    })
    const tier = createMicroTier({ openBase, runtime, recipeOf })
    const predictor = await tier.load(await tier.train(task, exampleSet(examples), { seed: 0 }))
    const said = await predictor.predict(examples.map(({ input }) => input))
    const right = said.filter(({ output }, row) => isSame(output, examples[row]!.output)).length
    expect(right).toBeGreaterThanOrEqual(110)
    expect(said[0]!.distribution).toBeUndefined()
    await predictor.dispose()
  }, 60_000)

  test("learns a teacher's probabilities where examples have them", async () => {
    const examples = tinyRows(120, 1).examples.map((example): Example => {
      const probabilities = [0.6, 0.3, 0.1]
      return { ...example, soft: { labels: ['card', 'loan', 'refund'], probabilities } }
    })
    const tier = createMicroTier({ openBase, runtime, recipeOf })
    const predictor = await tier.load(await tier.train(tinyTask, exampleSet(examples), { seed: 0 }))
    const [said] = await predictor.predict([examples[0]!.input])
    ;[...said!.distribution!.probabilities].forEach((probability, label) => {
      expect(probability).toBeCloseTo([0.6, 0.3, 0.1][label]!, 1)
    })
    await predictor.dispose()
  }, 60_000)

  test('names the base model that a specialist needs and that is no longer there', async () => {
    const trained = await createMicroTier({ openBase, runtime, recipeOf }).train(tinyTask, tinyRows(60, 1), {
      seed: 0,
    })
    const without = createMicroTier({
      openBase: async (model) => {
        throw appError('base.unknown', { model, known: 'none' })
      },
      runtime,
    })
    await expect(without.load(trained)).rejects.toMatchObject({ code: 'base.vanished' })
    await expect(without.load(trained)).rejects.toThrow(/"tiny".*shoal models pull tiny/)
  }, 60_000)
})

function isSame(a: Example['output'], b: Example['output']): boolean {
  if (a.kind !== 'labels' || b.kind !== 'labels') return false
  return [...a.labels].sort().join() === [...b.labels].sort().join()
}

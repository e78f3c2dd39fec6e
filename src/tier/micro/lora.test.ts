import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { exampleSet } from '../../data/example-set.ts'
import { parseSafetensors } from '../../model/weights/safetensors.ts'
import { safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import type { StoredTensor } from '../../model/weights/tensor-source.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import type { Task } from '../../task/types.ts'
import { labelled, tinyRows, tinyTask } from '../tier.contract.ts'
import type { Artefact, TrainOptions } from '../tier.ts'
import { parseDescription, weightsFile } from './artefact.ts'
import { createMicroTier } from './micro-tier.ts'
import { chooseRecipe, type Recipe, type RecipeFacts } from './recipe.ts'
import { tinyBase } from './tiny-base.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

/** Rates for an encoder that was never trained. */
const recipeOf = (facts: RecipeFacts): Recipe => {
  const { head, fineTune } = chooseRecipe({ ...facts, rows: Number.MAX_SAFE_INTEGER })
  const quickly = { epochs: 3, batchRows: 16, learningRate: 1e-2, headRate: 1, steepness: 30 }
  return {
    head: { ...head, cost: 3000, learningRate: 0.2 },
    fineTune: { ...fineTune!, ...quickly, finish: { epochs: 3, learningRate: 1e-2 } },
  }
}

const tier = createMicroTier({ openBase: async () => tinyBase(), runtime, recipeOf })
const train = (more: Partial<TrainOptions> = {}, task: Task = tinyTask): Promise<Artefact> =>
  tier.train(task, tinyRows(120, 1), { seed: 0, lora: 4, ...more })
const trained = train()

const open = ({ files }: Artefact) => parseSafetensors(files.get(weightsFile)!, weightsFile)

/** The artefact with a tensor changed or, where there is nothing to put, taken out. */
async function withTensor(name: string, tensor: StoredTensor | undefined): Promise<Artefact> {
  const artefact = await trained
  const source = await open(artefact)
  const entries = await Promise.all(source.names.map(async (own) => [own, await source.read(own)] as const))
  const changed = new Map(entries)
  if (tensor) changed.set(name, tensor)
  else changed.delete(name)
  return { ...artefact, files: new Map([[weightsFile, safetensorsBytes(changed)]]) }
}

const firstA = 'encoder.layer.0.attention.self.query.lora_A.weight'

describe('an adapter', () => {
  test('is all that trains besides the head, and answers what it learned', async () => {
    const artefact = await trained
    const { names } = await open(artefact)
    const layers = [0, 1].flatMap((layer) =>
      ['query', 'value'].flatMap((part) =>
        ['A', 'B'].map((kind) => `encoder.layer.${layer}.attention.self.${part}.lora_${kind}.weight`),
      ),
    )
    const others = ['head.bias', 'head.weight', 'novelty.means', 'novelty.sizes', 'novelty.whitening']
    expect(names).toEqual([...layers, ...others].sort())
    expect(artefact.adapter).toEqual({ rank: 4, sizeBytes: 8 * 4 * 96 * 4 })
    expect(artefact.meta['training']).toMatchObject({ trainedLayers: 0, precision: 'float32' })
    const source = await open(artefact)
    for (const name of layers.filter((one) => one.includes('lora_B')))
      expect((await source.read(name)).data.some((value) => value !== 0)).toBe(true)
    const predictor = await tier.load(artefact)
    const { examples } = tinyRows(60, 2)
    const said = await predictor.predict(examples.map(({ input }) => input))
    const right = said.filter(
      ({ output }, row) => JSON.stringify(output) === JSON.stringify(examples[row]!.output),
    )
    expect(right.length).toBeGreaterThanOrEqual(55)
    await predictor.dispose()
  }, 60_000)

  test('stands under a head of several labels too', async () => {
    const labels = ['card', 'loan']
    const task: Task = { ...tinyTask, space: { kind: 'labels', labels, multiple: true } }
    const pairs = [[], ['card'], ['loan'], ['card', 'loan']]
    const examples = Array.from({ length: 120 }, (_, row) => {
      const wanted = pairs[row % pairs.length]!
      const text = `please help with my ${wanted.join(' and ') || 'weather'} number ${row}`
      return labelled(text, '', { output: { kind: 'labels', labels: wanted } })
    })
    const artefact = await tier.train(task, exampleSet(examples), { seed: 0, lora: 4 })
    expect(artefact.adapter?.rank).toBe(4)
    const predictor = await tier.load(artefact)
    const said = await predictor.predict(examples.map(({ input }) => input))
    const right = said.filter(({ output }, row) => {
      return output.kind === 'labels' && output.labels.join() === pairs[row % pairs.length]!.join()
    })
    expect(right.length).toBeGreaterThanOrEqual(108)
    await predictor.dispose()
  }, 60_000)

  test('learns what a head alone on the same base does not know', async () => {
    const frozen = createMicroTier({
      ...{ openBase: async () => tinyBase(), runtime },
      recipeOf: (facts) => {
        const own = recipeOf(facts)
        return {
          ...own,
          fineTune: { ...own.fineTune!, learningRate: 0, finish: { epochs: 3, learningRate: 0 } },
        }
      },
    })
    const alone = await frozen.train(tinyTask, tinyRows(120, 1), { seed: 0, lora: 4 })
    const sure = ({ heldAside }: Artefact): number =>
      heldAside.reduce((sum, { score, correct }) => sum + (correct ? score : 0), 0) / heldAside.length
    expect(sure(await trained)).toBeGreaterThan(sure(alone) + 0.05)
  }, 60_000)

  test('trained again with the same seed is the same to the last bit, also where it goes on from a checkpoint', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-lora-'))
    try {
      const controller = new AbortController()
      const stop: TrainOptions['progress'] = ({ stage, done }) => {
        if (stage === 'training' && done > 55) controller.abort()
      }
      const broken = train({ checkpointFolder: folder, signal: controller.signal, progress: stop })
      await expect(broken).rejects.toMatchObject({ code: 'cancelled' })
      expect((await train({ checkpointFolder: folder })).files).toEqual((await trained).files)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 60_000)

  test('says in its description how it is made; what was kept before there were any is read as before', async () => {
    const { meta } = await trained
    const description = parseDescription(meta)
    expect(description.adapter).toEqual({ rank: 4, alpha: 16, projections: ['query', 'value'] })
    const { adapter: _, ...older } = JSON.parse(JSON.stringify(meta['model']))
    expect(parseDescription({ model: older }).adapter).toBeUndefined()
    const unknown = { ...older, adapter: { rank: 4, alpha: 16, projections: ['attentionNorm'] } }
    expect(() => parseDescription({ model: unknown })).toThrow(/adapter\.projections\.0/)
  })

  test('of another shape than its description says is an error that names the tensor', async () => {
    const shape = [3, 96]
    const narrow = await withTensor(firstA, { shape, data: new Float32Array(3 * 96) })
    await expect(tier.load(narrow)).rejects.toThrow(
      /micro\.safetensors: the tensor "encoder\.layer\.0\.attention\.self\.query\.lora_A\.weight" has the shape \[3, 96\] where an adapter of rank 4 on this base has \[4, 96\]/,
    )
    await expect(tier.load(await withTensor(firstA, undefined))).rejects.toMatchObject({
      code: 'weights.tensor-missing',
    })
  })

  test('that cannot be is refused before anything is trained, with what can', async () => {
    const extraction: Task = { ...tinyTask, kind: 'extraction' }
    await expect(train({}, extraction)).rejects.toThrow(
      'The micro tier trains no adapter for extraction. It trains adapters for classification.',
    )
    await expect(train({ lora: 0 })).rejects.toThrow('An adapter of rank 0 is none. Give a whole number')
    await expect(train({ lora: 49 })).rejects.toThrow(
      'An adapter of rank 49 is no smaller than the layers of "tiny" that it stands beside. Give a rank of at most 48',
    )
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appError } from '../../../base/errors.ts'
import type { ExampleSet } from '../../../data/example.ts'
import { exampleSet } from '../../../data/example-set.ts'
import { parseSafetensors } from '../../../model/weights/safetensors.ts'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import type { Task } from '../../../task/types.ts'
import { describeExtractionTier, spanned, tinySpanRows, tinySpanTask } from '../../extraction.contract.ts'
import type { Artefact } from '../../tier.ts'
import { weightsFile } from '../artefact.ts'
import { createMicroTier } from '../micro-tier.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { chooseTaggerRecipe, type TaggerFacts, type TaggerRecipe } from './recipe.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

// A tiny encoder that was never trained needs larger steps than one that knows its language.
const taggerRecipeOf = (facts: TaggerFacts): TaggerRecipe => ({
  ...chooseTaggerRecipe(facts),
  ...{ learningRate: 5e-3, epochs: 10, batchRows: 8, dropout: { hidden: 0.2, attention: 0 }, refit: false },
})

describeExtractionTier('micro', async () => ({
  tier: createMicroTier({ openBase: async () => tinyBase(), runtime, taggerRecipeOf }),
  rows: 200,
  timeoutMs: 10_000,
}))

/** Each of the labels once, in a text of its own. */
function manyLabels(count: number): { readonly task: Task; readonly set: ExampleSet } {
  const labels = Array.from({ length: count }, (_, number) => `label ${number}`)
  const rows = labels.slice(0, 8).map((label, row) => spanned(`i fly to Paris ${row}`, [[9, 14, label]]))
  return { task: { ...tinySpanTask, space: { kind: 'spans', labels } }, set: exampleSet(rows) }
}

describe('extraction by the micro tier', () => {
  const openBase = async () => tinyBase()
  const quickly = (facts: TaggerFacts): TaggerRecipe => ({ ...chooseTaggerRecipe(facts), epochs: 2 })
  const tier = createMicroTier({ openBase, runtime, taggerRecipeOf: quickly })
  let artefact: Artefact

  beforeAll(async () => {
    artefact = await tier.train(tinySpanTask, tinySpanRows(40, 1), { seed: 0 })
  }, 60_000)

  test('keeps what changed of its base and no table of it, and names the rows held aside', async () => {
    const { names } = await parseSafetensors(artefact.files.get(weightsFile)!, weightsFile)
    expect(names.filter((name) => /_embeddings/.test(name))).toEqual([])
    expect(names).toEqual(expect.arrayContaining(['head.weight', 'shapes.hidden', 'novelty.whitening']))
    const ids = new Set(tinySpanRows(40, 1).examples.map(({ id }) => id))
    expect(artefact.heldAside.length).toBeGreaterThan(5)
    for (const { example } of artefact.heldAside) expect(ids).toContain(example)
  })

  test('bears more labels than rows, and refuses more than tags can tell apart', async () => {
    const many = manyLabels(100)
    const trained = await tier.train(many.task, many.set, { seed: 0 })
    const predictor = await tier.load(trained)
    const [said] = await predictor.predict([{ kind: 'text', text: 'i fly to Paris' }])
    expect(said!.output.kind).toBe('spans')
    await predictor.dispose()
    const tooMany = manyLabels(128)
    await expect(tier.train(tooMany.task, tooMany.set, { seed: 0 })).rejects.toMatchObject({
      code: 'usage.invalid',
    })
  }, 60_000)

  test('refuses rows that are all empty', async () => {
    const rows = exampleSet([spanned('', []), spanned(' ', [])])
    await expect(tier.train(tinySpanTask, rows, { seed: 0 })).rejects.toThrow(/no text to train on/)
  })

  test('reads 100,000 characters to their end, and of more says that it is not sure', async () => {
    const predictor = await tier.load(artefact)
    const text = 'to Oslo. '.repeat(11_200)
    const [whole, longer] = await predictor.predict(
      [text, text + text].map((own) => ({ kind: 'text', text: own })),
    )
    expect(whole!.noveltyScore).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(whole!.output).toMatchObject({ kind: 'spans' })
    expect(longer!.score).toBe(0)
    await predictor.dispose()
  }, 30_000)

  test('names the base model that is no longer there', async () => {
    const without = createMicroTier({
      openBase: async (model) => {
        throw appError('base.unknown', { model, known: 'none' })
      },
      runtime,
    })
    await expect(without.load(artefact)).rejects.toMatchObject({ code: 'base.vanished' })
  })
})

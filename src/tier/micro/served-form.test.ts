import { afterAll, expect, test } from 'vitest'
import type { ExampleSet } from '../../data/example.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import type { Task } from '../../task/types.ts'
import { tinySpanRows, tinySpanTask } from '../extraction.contract.ts'
import { tinyQuestionRows, tinyQuestionTask } from '../question-answering.contract.ts'
import { tinyRows, tinyTask } from '../tier.contract.ts'
import type { Artefact, HeldAside } from '../tier.ts'
import { parseDescription } from './artefact.ts'
import { parseTaggerDescription } from './extraction/artefact.ts'
import { chooseTaggerRecipe } from './extraction/recipe.ts'
import { createMicroTier, type MicroTierOptions, servingOptions } from './micro-tier.ts'
import { judgeAnswers } from './question-answering/judge-answers.ts'
import { loadReader } from './question-answering/load-reader.ts'
import { chooseReaderRecipe } from './question-answering/recipe.ts'
import { chooseRecipe } from './recipe.ts'
import { createMicroServing } from './serving/serving.ts'
import { tinyBase } from './tiny-base.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

// The model that rows held aside were asked of is the one that is kept: nothing is trained after it.
const parts: MicroTierOptions = {
  ...{ openBase: async () => tinyBase(), runtime },
  recipeOf: (facts) => {
    const { head, fineTune } = chooseRecipe({ ...facts, rows: Number.MAX_SAFE_INTEGER })
    const quickly = { layers: 1, epochs: 3, batchRows: 16, learningRate: 2e-3, headRate: 4, steepness: 30 }
    return { head, fineTune: { ...fineTune!, ...quickly, finish: { epochs: 0, learningRate: 0 } } }
  },
  taggerRecipeOf: (facts) => ({
    ...chooseTaggerRecipe(facts),
    ...{ learningRate: 5e-3, epochs: 6, batchRows: 8, refit: false },
  }),
  readerRecipeOf: (facts) => ({
    ...chooseReaderRecipe(facts),
    ...{ epochs: 3, learningRate: 2e-3, headRate: 1 },
  }),
}
const tier = createMicroTier(parts)

/** What a loaded specialist says of the rows held aside, beside what was said of them in training. */
async function saidAgain(artefact: Artefact, { examples }: ExampleSet) {
  const inputs = artefact.heldAside.map(({ example }) => examples.find(({ id }) => id === example)!.input)
  const predictor = await tier.load(artefact)
  const said = await predictor.predict(inputs)
  await predictor.dispose()
  return said
}

/** Answers in 8 bits and in single precision are further apart than this. */
function expectSame(
  said: readonly Pick<HeldAside, 'score' | 'noveltyScore'>[],
  before: readonly Pick<HeldAside, 'score' | 'noveltyScore'>[],
): void {
  expect(said.length).toBe(before.length)
  expect(said.length).toBeGreaterThan(5)
  said.forEach(({ score, noveltyScore }, row) => {
    expect(score).toBeCloseTo(before[row]!.score, 5)
    expect(noveltyScore).toBeCloseTo(before[row]!.noveltyScore, 3)
  })
}

const trained = (task: Task, set: ExampleSet): Promise<Artefact> => tier.train(task, set, { seed: 0 })

test('a classifier is loaded in the form that judged the rows held aside', async () => {
  const set = tinyRows(90, 1)
  const artefact = await trained(tinyTask, set)
  expect(parseDescription(artefact.meta).precision).toMatchObject({ kind: 'int8' })
  expectSame(await saidAgain(artefact, set), artefact.heldAside)
}, 60_000)

test('a tagger is loaded in the form that judged the rows held aside', async () => {
  const set = tinySpanRows(80, 1)
  const artefact = await trained(tinySpanTask, set)
  expect(parseTaggerDescription(artefact.meta).precision).toMatchObject({ kind: 'int8' })
  expectSame(await saidAgain(artefact, set), artefact.heldAside)
}, 60_000)

test('a reader is loaded in the form that judged the rows held aside, and its judge is fitted on that', async () => {
  const set = tinyQuestionRows(100, 1)
  const artefact = await trained(tinyQuestionTask, set)
  const reader = await loadReader(artefact, createMicroServing(servingOptions(parts)))
  const rows = artefact.heldAside.map(({ example }) => set.examples.find(({ id }) => id === example)!)
  const answers = await reader.find(rows.map(({ input }) => input))
  await reader.release()
  const answered = rows.map(({ id, output }) => ({
    ...{ example: id, answer: output.kind === 'answer' ? output : expect.fail('no answer') },
  }))
  const { judge, usual, heldAside } = judgeAnswers(answered, answers)
  const { description } = reader
  expect(description.precision).toMatchObject({ kind: 'int8' })
  expectSame(heldAside, artefact.heldAside)
  judge.right.forEach((weight, at) => {
    expect(weight).toBeCloseTo(description.judge.right[at]!, 4)
  })
  expect(usual.logit[0]).toBeCloseTo(description.usual.logit[0], 5)
}, 60_000)

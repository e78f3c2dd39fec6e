import { afterAll } from 'vitest'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import { describeQuestionTier } from '../../question-answering.contract.ts'
import { createMicroTier } from '../micro-tier.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { chooseReaderRecipe, type ReaderFacts, type ReaderRecipe } from './recipe.ts'

// An encoder that was never trained learns from nothing: more rounds, faster.
const readerRecipeOf = (facts: ReaderFacts): ReaderRecipe => ({
  ...chooseReaderRecipe(facts),
  ...{ epochs: 8, learningRate: 2e-3, headRate: 1, layerDecay: 1 },
})

const words =
  'where does live lives what eat eats ada tom wei olga marie bob berlin paris oslo rome madrid vienna bread rice soup apples fish cheese nothing else happened that day it was'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

describeQuestionTier('micro', async () => ({
  tier: createMicroTier({ openBase: async () => tinyBase(1, words), runtime, readerRecipeOf }),
  rows: 400,
  timeoutMs: 2000,
}))

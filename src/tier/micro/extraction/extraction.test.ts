import { afterAll } from 'vitest'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import { describeExtractionTier } from '../../extraction.contract.ts'
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

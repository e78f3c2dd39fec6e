import { afterAll } from 'vitest'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import { describeTier } from '../tier.contract.ts'
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

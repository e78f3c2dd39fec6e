import { afterAll, describe, expect, test } from 'vitest'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import { floatsOf } from '../../runtime/tensor.ts'
import { encoderGraph } from './encoder.ts'
import type { EncoderFamily } from './encoder-config.ts'
import { openEncoderSession } from './encoder-session.ts'
import { pooled } from './pooling.ts'
import { encoderSource } from './read-encoder.ts'
import { referenceForward, tinyConfig, tinyTensors } from './tiny-encoder.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const families: readonly EncoderFamily[] = ['bert', 'roberta', 'distilbert']
const texts = [[4, 9, 20], [4, 30, 31, 32, 33, 5], [7]].map((ids) => Int32Array.from(ids))

describe('the forward pass', () => {
  for (const family of families) {
    for (const joined of [false, true]) {
      test(`of ${family} equals the one in loops, texts of several lengths in one batch (${joined ? 'joined' : 'single'} projections)`, async () => {
        const config = tinyConfig(family)
        const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
        const graph = encoderGraph(config, { joined })
        const outputs = { hidden: graph.hidden, mean: pooled(graph, { mode: 'mean', normalize: true }) }
        const { padId } = config
        const session = await openEncoderSession(outputs, source, runtime, { name: 'tiny', padId })
        const expected = await Promise.all(
          texts.map((ids) => referenceForward(config, source, { ids: [...ids] })),
        )
        let seen = 0
        await session.run(texts, ({ rows, time, outputs }) => {
          const hidden = floatsOf(outputs['hidden'], 'hidden')
          const mean = floatsOf(outputs['mean'], 'mean')
          rows.forEach((row, i) => {
            const last = expected[row]!.at(-1)!
            const width = config.hidden
            last.forEach((state, at) => {
              const got = hidden.subarray((i * time + at) * width, (i * time + at + 1) * width)
              expectClose([...got], state)
            })
            expectClose([...mean.subarray(i * width, (i + 1) * width)], unitMean(last))
            seen++
          })
        })
        expect(seen).toBe(3)
        await session.release()
      })
    }
  }
})

function unitMean(rows: readonly (readonly number[])[]): readonly number[] {
  const mean = rows[0]!.map((_, unit) => rows.reduce((sum, row) => sum + row[unit]!, 0) / rows.length)
  const length = Math.hypot(...mean)
  return mean.map((x) => x / length)
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length)
  const off = got.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0)
  expect(off).toBeLessThan(2e-5)
}

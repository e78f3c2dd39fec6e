import { describe, expect, test } from 'vitest'
import { type StoredTensor, tensorsInMemory } from '../weights/tensor-source.ts'
import type { EncoderFamily } from './encoder-config.ts'
import { checkEncoder, encoderSource } from './read-encoder.ts'
import { tinyConfig, tinyTensors } from './tiny-encoder.contract.ts'
import { encoderTensors } from './weight-names.ts'

const families: readonly EncoderFamily[] = ['bert', 'roberta', 'distilbert']
const prefix = { bert: 'bert.', roberta: 'roberta.', distilbert: 'distilbert.' } as const

describe('the tensors of an encoder', () => {
  test.each(families)('those of %s are found with the prefix of a larger model and without', (family) => {
    const config = tinyConfig(family)
    for (const before of ['', prefix[family]]) {
      const names = checkEncoder(config, tinyTensors(config, 1, before), 'model.safetensors')
      expect([...names.keys()]).toEqual(encoderTensors(config).map(({ name }) => name))
      for (const name of names.values()) expect(name.startsWith(before)).toBe(true)
    }
  })

  test("a source under Shoal's names reads the published ones and hides what is no part of the encoder", async () => {
    const config = tinyConfig('distilbert')
    const published = tinyTensors(config, 1)
    const source = encoderSource(config, published, 'model.safetensors')
    expect(source.names).toContain('encoder.layer.2.attention.self.query.weight')
    const name = 'encoder.layer.2.intermediate.dense.bias'
    expect(await source.read(name)).toEqual(await published.read('transformer.layer.2.ffn.lin1.bias'))
    expect(source.shapeOf(name)).toEqual([32])
  })

  test('gamma and beta of old conversions are weight and bias', async () => {
    const config = tinyConfig('bert')
    const renamed = await changed(config, (name) => name.replace('Norm.weight', 'Norm.gamma'))
    expect(checkEncoder(config, renamed, 'f').get('embeddings.LayerNorm.weight')).toBe(
      'embeddings.LayerNorm.gamma',
    )
  })

  test('a missing tensor is named, with those that are like it', async () => {
    const config = tinyConfig('bert')
    const without = await changed(config, (name) =>
      name === 'encoder.layer.1.output.dense.bias' ? undefined : name,
    )
    expect(() => checkEncoder(config, without, 'model.safetensors')).toThrow(
      /model\.safetensors has no tensor "encoder\.layer\.1\.output\.dense\.bias".*encoder\.layer\.0\.attention\.output\.dense\.bias/,
    )
  })

  test('a tensor of another shape is named, with both shapes', () => {
    const config = tinyConfig('bert')
    const wider = { ...config, intermediate: 48 }
    expect(() => checkEncoder(wider, tinyTensors(config, 1), 'model.safetensors')).toThrow(
      /"encoder\.layer\.0\.intermediate\.dense\.weight" has the shape \[32, 16\] where config\.json says \[48, 16\]/,
    )
  })
})

async function changed(config: ReturnType<typeof tinyConfig>, rename: (name: string) => string | undefined) {
  const source = tinyTensors(config, 1)
  const tensors = new Map<string, StoredTensor>()
  for (const name of source.names) {
    const kept = rename(name)
    if (kept !== undefined) tensors.set(kept, await source.read(name))
  }
  return tensorsInMemory(tensors)
}

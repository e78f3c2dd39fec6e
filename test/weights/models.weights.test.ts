/** The aliases with their real packages, fetched by the clients of this machine where they are not in SHOAL_WEIGHTS yet. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { aliases } from '../../src/registry/models/aliases.ts'
import { pullingOpener } from '../../src/registry/models/open-base.ts'

const home = process.env['SHOAL_WEIGHTS'] ?? ''
const open = pullingOpener({
  registryFolder: join(home, 'registry'),
  downloadsFolder: join(home, 'cache', 'downloads'),
  environment: process.env,
})

it.each(Object.keys(aliases))(
  '%s is pulled, checked and opened',
  async (name) => {
    const base = await open(name)
    expect(base.name).toBe(name)
    expect(base.tensors.shapeOf('embeddings.word_embeddings.weight')).toEqual([
      base.config.vocabulary,
      base.config.hidden,
    ])
    await base.tensors.close()
  },
  600_000,
)

it('the weights of an ONNX export are those of the safetensors file, to the bit', async () => {
  const [published, exported] = [await open('minilm'), await open('minilm-onnx')]
  expect(exported.tensors.names).toEqual(published.tensors.names)
  for (const name of published.tensors.names) {
    const [a, b] = [await published.tensors.read(name), await exported.tensors.read(name)]
    expect(b.shape).toEqual(a.shape)
    expect(Buffer.compare(Buffer.from(a.data.buffer), Buffer.from(b.data.buffer)), name).toBe(0)
  }
  await published.tensors.close()
  await exported.tensors.close()
}, 60_000)

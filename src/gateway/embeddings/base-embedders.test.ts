import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { referenceForward } from '../../model/encoder/tiny-encoder.contract.ts'
import { findBase, removeBase } from '../../registry/models/base-store.ts'
import { baseOpener } from '../../registry/models/open-base.ts'
import { pullBase } from '../../registry/models/pull-base.ts'
import { tinyBaseFiles, writeFiles } from '../../registry/models/tiny-base.contract.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import { servingOptions } from '../../tier/micro/micro-tier.ts'
import { createMicroServing } from '../../tier/micro/serving/serving.ts'
import { type BaseEmbedders, openBaseEmbedders } from './base-embedders.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

let folder: string
let registryFolder: string
let embedders: BaseEmbedders
const released = vi.fn()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedders-'))
  registryFolder = join(folder, 'registry')
  const inner = createMicroServing(servingOptions({ openBase: baseOpener(registryFolder), runtime }))
  const serving = {
    ...inner,
    openVectors: async (base: { name: string; digest: string }) => {
      const served = await inner.openVectors(base)
      const release = async (): Promise<void> => {
        released()
        await served.session.release()
      }
      const { run, sizeBytes } = served.session
      return { ...served, session: { run, sizeBytes, release } }
    },
  }
  released.mockReset()
  embedders = await openBaseEmbedders({
    ...{ registryFolder, serving, lookEveryMs: 20, idleMs: 150 },
    onProblem: (cause) => {
      throw cause
    },
  })
})

afterEach(async () => {
  await embedders.close()
  await rm(folder, { recursive: true, force: true })
})

async function pull(more: Readonly<Record<string, object>> = {}): Promise<void> {
  const files = new Map(await tinyBaseFiles())
  for (const [name, content] of Object.entries(more)) files.set(name, Buffer.from(JSON.stringify(content)))
  const published = await writeFiles(join(folder, 'published'), files)
  await pullBase(published, { registryFolder, downloadsFolder: folder, environment: {}, name: 'tiny' })
  await vi.waitFor(() => expect(embedders.names()).toEqual(['tiny']))
}

const whole = { truncate: false }

test('a base that is pulled while the gateway runs gives the mean of its hidden states, at length 1', async () => {
  expect(embedders.names()).toEqual([])
  expect(await embedders.find('tiny')).toBeUndefined()
  await pull()
  const embedder = await embedders.find('tiny')
  const texts = ['a b c', 'bad cab', 'd']
  const { vectors, tokens, truncated } = await embedder!.embed(texts, whole)
  expect({ tokens, truncated, width: embedder!.width }).toEqual({ tokens: 16, truncated: 0, width: 16 })

  const base = await baseOpener(registryFolder)('tiny')
  for (const [row, text] of texts.entries()) {
    const ids = [2, ...base.tokenizer.encode(text).ids, 3]
    const states = (await referenceForward(base.config, base.tensors, { ids })).at(-1)!
    const mean = states[0]!.map((_, unit) => states.reduce((sum, state) => sum + state[unit]!, 0))
    const length = Math.hypot(...mean)
    mean.forEach((value, unit) => {
      expect(Math.abs(vectors[row * 16 + unit]! - value / length)).toBeLessThan(1e-5)
    })
  }
  await base.tensors.close()
})

test('a text that is too long is refused with its tokens, or cut where that is asked for', async () => {
  await pull()
  const embedder = (await embedders.find('tiny'))!
  const long = 'a '.repeat(100)
  await expect(embedder.embed(['b', long], whole)).rejects.toMatchObject({
    code: 'embeddings.too-long',
    details: { index: 1, tokens: 102, model: 'tiny', limit: 40 },
  })
  const cut = await embedder.embed(['b', long], { truncate: true })
  expect(cut).toMatchObject({ tokens: 43, truncated: 1 })
  const exact = await embedder.embed(['a '.repeat(38)], whole)
  expect(exact.tokens).toBe(40)
  expect([...cut.vectors.subarray(16)].map((x) => x.toFixed(5))).toEqual(
    [...exact.vectors].map((x) => x.toFixed(5)),
  )
})

test('where sentence-transformers reads fewer tokens than the encoder could, a longer text is too long, and is cut there', async () => {
  await pull({ 'sentence_bert_config.json': { max_seq_length: 16, do_lower_case: false } })
  const embedder = (await embedders.find('tiny'))!
  const long = 'a b c d e f g h i j k l m n o p q r'
  await expect(embedder.embed([long], whole)).rejects.toMatchObject({
    code: 'embeddings.too-long',
    details: { tokens: 20, limit: 16 },
  })
  const cut = await embedder.embed([long], { truncate: true })
  expect(cut).toMatchObject({ tokens: 16, truncated: 1 })
  // 14 tokens of the text stay between [CLS] and [SEP].
  expect(cut.vectors).toEqual((await embedder.embed([long.slice(0, 27)], whole)).vectors)
})

test('an encoder that nobody asks is let go, and loaded again when it is asked', async () => {
  await pull()
  const embedder = (await embedders.find('tiny'))!
  const { vectors } = await embedder.embed(['a b'], whole)
  await vi.waitFor(() => expect(released).toHaveBeenCalledTimes(1), { timeout: 3000 })
  expect((await embedder.embed(['a b'], whole)).vectors).toEqual(vectors)
})

test('a base that is removed is no longer there', async () => {
  await pull()
  await removeBase(registryFolder, (await findBase(registryFolder, 'tiny'))!)
  await vi.waitFor(() => expect(embedders.names()).toEqual([]))
  expect(await embedders.find('tiny')).toBeUndefined()
})

test('a base that is damaged hides no other, and is an error that says so where it is asked for', async () => {
  await pull()
  const published = await writeFiles(join(folder, 'broken'), await tinyBaseFiles(1))
  const options = { registryFolder, downloadsFolder: folder, environment: {}, name: 'broken' }
  const broken = await pullBase(published, options)
  await writeFile(join(broken.folder, 'model.json'), '{')
  await vi.waitFor(() => expect(embedders.names()).toEqual(['tiny', 'broken']))
  await expect(embedders.find('broken')).rejects.toMatchObject({ code: 'base.damaged' })
  expect((await embedders.find('tiny'))?.name).toBe('tiny')
})

test('a request that was cancelled ends as cancelled', async () => {
  await pull()
  const embedder = (await embedders.find('tiny'))!
  const signal = AbortSignal.abort()
  await expect(embedder.embed(['a'], { truncate: false, signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
})

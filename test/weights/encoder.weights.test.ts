/** The forward pass with published weights: as the published ONNX export computes it, and as sentence-transformers embeds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { BaseModel } from '../../src/model/encoder/base-model.ts'
import { encoderGraph } from '../../src/model/encoder/encoder.ts'
import { copyVectors, openEncoderSession } from '../../src/model/encoder/encoder-session.ts'
import { frameText } from '../../src/model/encoder/framing.ts'
import { pooled } from '../../src/model/encoder/pooling.ts'
import { findBase } from '../../src/registry/models/base-store.ts'
import { pullingOpener } from '../../src/registry/models/open-base.ts'
import { createOnnxNodeRuntime } from '../../src/runtime/onnx-node.ts'
import { floatsOf, type Tensor } from '../../src/runtime/tensor.ts'

const home = process.env['SHOAL_WEIGHTS'] ?? ''
const registryFolder = join(home, 'registry')
const downloadsFolder = join(home, 'cache', 'downloads')
const open = pullingOpener({ registryFolder, downloadsFolder, environment: process.env })
const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

/** Texts of 1 to 60 pieces of the vocabulary, by chance. */
function randomTexts(base: BaseModel, count: number): readonly Int32Array[] {
  const random = seededRandom(7)
  const { tokenizer, config } = base
  return Array.from({ length: count }, () => {
    const length = 1 + random.below(60)
    const words = Array.from({ length }, () => tokenizer.pieceOf(random.below(config.vocabulary)) ?? '')
    return frameText(tokenizer, words.join(' '), 128)
  })
}

const whole = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
})

it('hidden states of 200 texts are those of the published ONNX export, within 1e-4', async () => {
  const base = await open('minilm-onnx')
  const stored = await findBase(registryFolder, 'minilm-onnx')
  const file = readdirSync(stored!.folder).find((name) => name.endsWith('.onnx'))!
  const options = { name: 'published', threads: 2 }
  const published = await runtime.load({ kind: 'file', path: join(stored!.folder, file) }, options)
  const graph = encoderGraph(base.config, { joined: true })
  const { padId } = base.config
  const session = await openEncoderSession({ hidden: graph.hidden }, base.tensors, runtime, {
    ...{ name: 'own', threads: 2, padId },
  })
  const texts = randomTexts(base, 200)
  const own = new Map<number, Float32Array>()
  await session.run(texts, ({ rows, time, outputs }) => {
    const hidden = floatsOf(outputs['hidden'], 'hidden')
    const width = base.config.hidden
    rows.forEach((row, i) => {
      const begin = i * time * width
      own.set(row, hidden.slice(begin, begin + texts[row]!.length * width))
    })
  })
  let off = 0
  for (const [row, ids] of texts.entries()) {
    const shape = [1, ids.length]
    const outputs = await published.run({
      input_ids: whole(shape, [...ids]),
      attention_mask: whole(shape, Array(ids.length).fill(1)),
      token_type_ids: whole(shape, Array(ids.length).fill(0)),
    })
    const expected = floatsOf(outputs['last_hidden_state'], 'last_hidden_state')
    expect(own.get(row)!.length).toBe(expected.length)
    own.get(row)!.forEach((value, at) => {
      off = Math.max(off, Math.abs(value - expected[at]!))
    })
  }
  expect(off).toBeLessThan(1e-4)
  await Promise.all([published.release(), session.release(), base.tensors.close()])
}, 600_000)

it('vectors of texts are those of sentence-transformers, within 1e-4', async () => {
  const fixture = new URL('minilm-embeddings.json', import.meta.url)
  const rows: readonly { text: string; vector: string }[] = JSON.parse(readFileSync(fixture, 'utf8'))
  const base = await open('minilm')
  const vector = pooled(encoderGraph(base.config, { joined: true }), base.pooling)
  const session = await openEncoderSession({ vector }, base.tensors, runtime, {
    ...{ name: 'own', padId: base.config.padId },
  })
  const texts = rows.map(({ text }) => frameText(base.tokenizer, text, 256))
  const width = base.config.hidden
  const vectors = new Float32Array(texts.length * width)
  await session.run(texts, (batch) => copyVectors(batch, 'vector', vectors))
  for (const [row, { text, vector }] of rows.entries()) {
    const bytes = Uint8Array.from(Buffer.from(vector, 'base64'))
    const expected = new Float32Array(bytes.buffer)
    const off = expected.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - vectors[row * width + at]!)),
      0,
    )
    expect(off, text.slice(0, 40)).toBeLessThan(1e-4)
  }
  await Promise.all([session.release(), base.tensors.close()])
}, 600_000)

import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import { scale } from '../../../graph/ops.ts'
import { encoderGraph } from '../../../model/encoder/encoder.ts'
import {
  copyVectors,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import { encoderTensors } from '../../../model/encoder/weight-names.ts'
import { type TensorSource, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import { overlaid } from '../artefact.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { firstOwnLayer } from './forms.ts'
import { eightBits, vectorsOf } from './layer-forms.ts'
import { createMicroServing } from './serving.ts'
import { base, countedServing, labels, outputs, randomTensor, texts } from './tiny-serving.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const { config, pooling } = tinyBase()

const counted = () => countedServing(runtime)

/** A head, and of a base of two layers the upper `layers` ones, with numbers of their own. */
function specialist(seed: number, layers = 0, embeddings = false): TensorSource {
  const random = seededRandom(seed)
  const tensor = (shape: readonly number[], middle: number) =>
    randomTensor(random, shape, { middle, spread: 0.1 })
  const own = encoderTensors(config).filter(({ name }) => {
    const layer = /^encoder\.layer\.(\d+)\./.exec(name)
    return layer && Number(layer[1]) >= config.layers - layers
  })
  const gain = (name: string): number => (name.endsWith('LayerNorm.weight') ? 1 : 0)
  return tensorsInMemory(
    new Map([
      ['head.weight', tensor([labels, config.hidden], 0)],
      ['head.bias', tensor([labels], 0)],
      ...own.map(({ name, shape }) => [name, tensor(shape, gain(name))] as const),
      ...(embeddings ? [['embeddings.LayerNorm.weight', tensor([config.hidden], 1)] as const] : []),
    ]),
  )
}

async function logitsOf(session: EncoderSession, name = 'logits', width = labels): Promise<Float32Array> {
  const into = new Float32Array(texts.length * width)
  await session.run(texts, (batch) => copyVectors(batch, name, into))
  return into
}

/** By one session that holds all of it. */
async function wholeLogits(own: TensorSource): Promise<Float32Array> {
  const graph = outputs(pooled(encoderGraph(config, { joined: true }), pooling))
  const session = await openEncoderSession(graph, overlaid(tinyBase().tensors, own), runtime, {
    ...{ name: 'whole', padId: config.padId },
  })
  const logits = await logitsOf(session)
  await session.release()
  return logits
}

function expectClose(a: Float32Array, b: Float32Array): void {
  expect(a.length).toBe(b.length)
  a.forEach((value, i) => {
    expect(Math.abs(value - b[i]!)).toBeLessThan(1e-5)
  })
}

describe('serving', () => {
  test('twenty heads on one base take little more memory than one, and each answers for itself', async () => {
    const { counts, serving } = counted()
    const forms = Array.from({ length: 20 }, (_, seed) => specialist(seed))
    const open = (own: TensorSource) => serving.openVectorForm({ base, precision: 'float32', own, outputs })
    const first = await open(forms[0]!)
    const alone = first.session.sizeBytes
    const others = await Promise.all(forms.slice(1).map(open))
    const all = [first, ...others].map(({ session }) => session)
    const together = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    expect(together).toBeLessThan(1.3 * alone)
    expect(counts).toEqual({ opened: 1, loaded: 22, held: 22 })
    expect(new Set([first, ...others].map((served) => served.base.tokenizer)).size).toBe(1)

    const said = await Promise.all(all.map((session) => logitsOf(session)))
    for (const seed of [0, 7, 19]) expectClose(said[seed]!, await wholeLogits(forms[seed]!))

    for (const session of all.slice(1)) await session.release()
    expect(first.session.sizeBytes).toBe(alone)
    expect(counts.held).toBe(3)
    await first.session.release()
    await first.session.release()
    expect(counts.held).toBe(0)
  })

  test('upper layers of their own stand on lower layers that are shared', async () => {
    const { counts, serving } = counted()
    const forms = [specialist(1, 1), specialist(2, 1)]
    const served = await Promise.all(
      forms.map((own) => serving.openVectorForm({ base, precision: 'float32', own, outputs })),
    )
    expect(counts).toMatchObject({ opened: 2, loaded: 6 })
    const said = await Promise.all(served.map(({ session }) => logitsOf(session)))
    for (const [i, own] of forms.entries()) expectClose(said[i]!, await wholeLogits(own))
    for (const { session } of served) await session.release()
    expect(counts.held).toBe(0)
  })

  test('of a specialist of which all layers differ the table of words is shared', async () => {
    const { counts, serving } = counted()
    const own = specialist(3, 2, true)
    const { session } = await serving.openVectorForm({ base, precision: 'float32', own, outputs })
    expect(counts.loaded).toBe(3)
    expectClose(await logitsOf(session), await wholeLogits(own))
    await session.release()
  })

  test('layers in 8 bits say of a text what they said in training, whatever is asked beside it', async () => {
    const { serving } = counted()
    const own = specialist(4, 2, true)
    const about = { base: tinyBase(), tensors: overlaid(tinyBase().tensors, own), runtime, threads: 1 }
    const precision = await eightBits(texts, about)
    const vectors = await vectorsOf(texts, precision, about)
    const { session } = await serving.openVectorForm({
      ...{ base, precision, own },
      outputs: (vector) => ({ features: scale(vector, 1) }),
    })
    const together = await logitsOf(session, 'features', config.hidden)
    expect(together).toEqual(vectors)
    for (const [row, text] of texts.entries()) {
      const alone = new Float32Array(config.hidden)
      await session.run([text], (batch) => copyVectors(batch, 'features', alone))
      expect(alone).toEqual(together.subarray(row * config.hidden, (row + 1) * config.hidden))
    }
    const exact = await vectorsOf(texts, 'float32', about)
    const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - vectors[i]!)), 0)
    expect(worst).toBeGreaterThan(0)
    expect(worst).toBeLessThan(0.02)
  })

  test('a head that cannot be loaded leaves nothing of its base behind', async () => {
    const { counts, serving } = counted()
    const own = tensorsInMemory(new Map([['head.bias', { shape: [labels], data: new Float32Array(labels) }]]))
    await expect(serving.openVectorForm({ base, precision: 'float32', own, outputs })).rejects.toMatchObject({
      code: 'weights.tensor-missing',
    })
    expect(counts.held).toBe(0)
  })

  test('layers in which a worker ended are loaded anew for the next specialist', async () => {
    const own = createOnnxNodeRuntime()
    const serving = createMicroServing({ openBase: async () => tinyBase(), runtime: own, threads: 1 })
    const open = () => serving.openVectorForm({ base, precision: 'float32', own: specialist(1), outputs })
    const first = await open()
    await own.dispose()
    await expect(logitsOf(first.session)).rejects.toMatchObject({ code: 'runtime.worker-lost' })
    const second = await open()
    expectClose(await logitsOf(second.session), await wholeLogits(specialist(1)))
    await first.session.release()
    expectClose(await logitsOf(second.session), await wholeLogits(specialist(1)))
    await own.dispose()
  })

  test('finds the layer from which on tensors are a specialist’s own', () => {
    expect(firstOwnLayer(['head.weight'], config)).toBe(config.layers)
    expect(firstOwnLayer(['encoder.layer.1.output.dense.bias', 'head.bias'], config)).toBe(1)
    expect(firstOwnLayer(['embeddings.LayerNorm.bias', 'encoder.layer.1.output.dense.bias'], config)).toBe(0)
  })
})

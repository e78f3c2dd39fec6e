import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import { encoderGraph } from '../../../model/encoder/encoder.ts'
import {
  copyVectors,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import { type LoraForm, loraAdapter, loraShapes, usualLora } from '../../../model/encoder/lora.ts'
import { pooled } from '../../../model/encoder/pooling.ts'
import { type TensorSource, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import { overlaid } from '../artefact.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { vectorsOf } from './layer-forms.ts'
import { base, countedServing, labels, outputs, randomTensor, texts } from './tiny-serving.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const { config, pooling } = tinyBase()

/** Counted serving, and the texts of each run that an adapter was fed to. */
function counted() {
  const runs: number[] = []
  const serving = countedServing(runtime, ({ inputNames }, inputs) => {
    if (inputNames.some((name) => name.includes('lora_A'))) runs.push(inputs['mask']!.shape[0]!)
  })
  return { ...serving, runs }
}

/** A head and an adapter with numbers of their own. */
function specialist(seed: number, form: LoraForm): TensorSource {
  const random = seededRandom(seed)
  const tensor = (shape: readonly number[]) => randomTensor(random, shape, { spread: 0.3 })
  return tensorsInMemory(
    new Map([
      ['head.weight', tensor([labels, config.hidden])],
      ['head.bias', tensor([labels])],
      ...[...loraShapes(config, form)].map(([name, shape]) => [name, tensor(shape)] as const),
    ]),
  )
}

async function logitsOf(session: EncoderSession): Promise<Float32Array> {
  const into = new Float32Array(texts.length * labels)
  await session.run(texts, (batch) => copyVectors(batch, 'logits', into))
  return into
}

/** By one session that holds all of it, as in training. */
async function wholeLogits(own: TensorSource, form: LoraForm): Promise<Float32Array> {
  const adapter = loraAdapter(config, form, { as: 'parameters' })
  const graph = outputs(pooled(encoderGraph(config, { adapter }), pooling))
  const session = await openEncoderSession(graph, overlaid(tinyBase().tensors, own), runtime, {
    ...{ name: 'whole', padId: config.padId },
  })
  const logits = await logitsOf(session)
  await session.release()
  return logits
}

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

const adapter = usualLora(4)

describe('adapters', () => {
  test('twenty on one base take one session of it, are counted in bytes, and leave nothing behind', async () => {
    const { counts, serving } = counted()
    const owns = Array.from({ length: 20 }, (_, seed) => specialist(seed, adapter))
    const open = (own: TensorSource) =>
      serving.openVectorForm({ base, precision: 'float32', own, adapter, outputs })
    const first = await open(owns[0]!)
    const alone = first.session.sizeBytes
    const others = await Promise.all(owns.slice(1).map(open))
    // The table of words, the layers, and twenty heads.
    expect(counts).toEqual({ opened: 1, loaded: 22, held: 22 })
    const all = [first, ...others].map(({ session }) => session)
    const together = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const adapterBytes =
      4 * [...loraShapes(config, adapter).values()].reduce((sum, [a, b]) => sum + a! * b!, 0)
    expect(together - alone).toBeGreaterThanOrEqual(19 * adapterBytes)
    expect(together - alone).toBeLessThan(19 * (adapterBytes + 4096))

    const said = await Promise.all(all.map(logitsOf))
    for (const seed of [0, 7, 19])
      expect(farthest(said[seed]!, await wholeLogits(owns[seed]!, adapter))).toBeLessThan(1e-5)
    for (const session of all) await session.release()
    expect(counts.held).toBe(0)
  })

  test('asked at once are not mixed, and the texts of one share a run', async () => {
    const { runs, serving } = counted()
    const owns = [specialist(1, adapter), specialist(2, adapter)]
    const expected = await Promise.all(owns.map((own) => wholeLogits(own, adapter)))
    expect(farthest(expected[0]!, expected[1]!)).toBeGreaterThan(0.05)
    const served = await Promise.all(
      owns.map((own) => serving.openVectorForm({ base, precision: 'float32', own, adapter, outputs })),
    )
    const asked = Array.from({ length: 24 }, (_, i) => i % 2)
    const said = await Promise.all(asked.map((which) => logitsOf(served[which]!.session)))
    for (const [i, which] of asked.entries()) expect(farthest(said[i]!, expected[which]!)).toBeLessThan(1e-5)
    expect(runs.reduce((sum, rows) => sum + rows, 0)).toBe(24 * texts.length)
    expect(Math.max(...runs)).toBeGreaterThanOrEqual(4)
    for (const { session } of served) await session.release()
  })

  test('of another rank, and specialists without one, have sessions of the layers of their own', async () => {
    const { counts, serving } = counted()
    const other = usualLora(2)
    const served = [
      await serving.openVectorForm({
        base,
        precision: 'float32',
        own: specialist(1, adapter),
        adapter,
        outputs,
      }),
      await serving.openVectorForm({
        ...{ base, precision: 'float32' as const, own: specialist(2, other), adapter: other, outputs },
      }),
      await serving.openVectors(base),
    ]
    expect(counts.loaded).toBe(6)
    expect(
      farthest(await logitsOf(served[1]!.session), await wholeLogits(specialist(2, other), other)),
    ).toBeLessThan(1e-5)
    for (const { session } of served) await session.release()
    expect(counts.held).toBe(0)
  })

  test('say of a text what they said in training', async () => {
    const { serving } = counted()
    const own = specialist(5, adapter)
    const tensors = overlaid(tinyBase().tensors, own)
    const about = { base: tinyBase(), tensors, adapter, runtime, threads: 1 }
    const vectors = await vectorsOf(texts, 'float32', about)
    const { session } = await serving.openVectorForm({ base, precision: 'float32', own, adapter, outputs })
    const logits = await logitsOf(session)
    const [weight, bias] = [await own.read('head.weight'), await own.read('head.bias')]
    const expected = logits.map((_, at) => {
      const [row, label] = [Math.floor(at / labels), at % labels]
      let sum = bias.data[label]!
      for (let unit = 0; unit < config.hidden; unit++)
        sum += weight.data[label * config.hidden + unit]! * vectors[row * config.hidden + unit]!
      return sum
    })
    expect(farthest(logits, expected)).toBeLessThan(1e-5)
    await session.release()
  })
})

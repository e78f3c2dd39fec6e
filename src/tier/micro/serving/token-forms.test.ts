import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import {
  type EncodedBatch,
  type EncoderSession,
  openEncoderSession,
} from '../../../model/encoder/encoder-session.ts'
import { encoderTensors } from '../../../model/encoder/weight-names.ts'
import { type TensorSource, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import { createOnnxNodeRuntime } from '../../../runtime/onnx-node.ts'
import { floatsOf } from '../../../runtime/tensor.ts'
import { overlaid } from '../artefact.ts'
import { openTagger, openTrainedTagger } from '../extraction/tagger-session.ts'
import { shapesInput, taggerGraph, taggerTensors } from '../extraction/token-tagger.ts'
import { fitNovelty } from '../novelty.ts'
import type { QuestionWindow } from '../question-answering/question-windows.ts'
import { readerGraph, readerTensors } from '../question-answering/reader.ts'
import {
  fedWindows,
  openReader,
  openTrainedReader,
  scoreQuestionWindows,
} from '../question-answering/reader-session.ts'

import { tinyBase } from '../tiny-base.contract.ts'
import { eightBitsOf } from './layer-forms.ts'
import { base, countedServing, outputs, randomTensor, texts } from './tiny-serving.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const { config } = tinyBase()
const precision = 'float32'
const tags = 5
const shapes = texts.map((ids) => Int32Array.from(ids, (id) => id % 7))

/** Counted serving, and what shape each batch of ids had. */
function watched() {
  const batches: (readonly number[])[] = []
  const { counts, serving } = countedServing(runtime, (_, inputs) => {
    if (inputs['ids']) batches.push(inputs['ids'].shape)
  })
  return { counts, batches, serving }
}

/** Tensors of these shapes with numbers of their own, all layers of the base and a distance of novelty among them. */
function specialist(
  seed: number,
  tensors: readonly { name: string; shape: readonly number[] }[],
  layers = true,
) {
  const random = seededRandom(seed)
  const numbers = (shape: readonly number[], middle: number) =>
    randomTensor(random, shape, { middle, spread: 0.1 })
  const own = layers ? encoderTensors(config).filter(({ name }) => /^encoder\.|LayerNorm/.test(name)) : []
  const features = Float32Array.from({ length: 8 * config.hidden }, () => random.normal())
  const vectors = { features, width: config.hidden, classes: new Int32Array(8) }
  return tensorsInMemory(
    new Map([
      ...tensors.map(({ name, shape }) => [name, numbers(shape, 0)] as const),
      ...own.map(
        ({ name, shape }) => [name, numbers(shape, name.endsWith('LayerNorm.weight') ? 1 : 0)] as const,
      ),
      ...fitNovelty(vectors, Int32Array.from(vectors.classes.keys())),
    ]),
  )
}

const tagger = (seed: number, form = marked): TensorSource => specialist(seed, taggerTensors(config, form))
const marked = { tags, shapes: true }
const plain = { tags, shapes: false }

/** What is said of the tokens of each text, without padding. */
function intoTokens(into: Float32Array[], width: number, { rows, time, outputs }: EncodedBatch): void {
  const logits = floatsOf(outputs['logits'], 'logits')
  rows.forEach((row, i) => {
    into[row] = logits.slice(i * time * width, (i * time + texts[row]!.length) * width)
  })
}

async function tagsOf(session: EncoderSession, of: readonly number[] = [0, 1, 2]): Promise<Float32Array[]> {
  const found: Float32Array[] = []
  await session.run(
    of.map((row) => texts[row]!),
    ({ rows, ...batch }) => intoTokens(found, tags, { ...batch, rows: rows.map((row) => of[row]!) }),
    { also: { [shapesInput]: of.map((row) => shapes[row]!) } },
  )
  return of.map((row) => found[row]!)
}

/** By one session that holds all of it. */
async function wholeTags(own: TensorSource, form = marked): Promise<Float32Array[]> {
  const { logits } = taggerGraph(config, form, { joined: true })
  const session = await openEncoderSession({ logits }, overlaid(tinyBase().tensors, own), runtime, {
    ...{ name: 'whole', padId: config.padId },
  })
  const said = await tagsOf(session)
  await session.release()
  return said
}

function expectClose(a: readonly Float32Array[], b: readonly Float32Array[]): void {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length))
  a.forEach((values, row) => {
    values.forEach((value, i) => {
      expect(Math.abs(value - b[row]![i]!)).toBeLessThan(1e-4)
    })
  })
}

describe('serving over tokens', () => {
  test('two taggers on one base share its table of words, and each answers for itself', async () => {
    const { counts, serving } = watched()
    const own = [tagger(1), tagger(2)]
    const open = (tensors: TensorSource) => openTagger(serving, marked, { base, own: tensors, precision })
    const first = await open(own[0]!)
    const alone = first.session.sizeBytes
    const second = await open(own[1]!)
    expect(counts.held).toBe(3)
    expect(first.session.sizeBytes + second.session.sizeBytes).toBeLessThan(2 * alone)
    const said = await Promise.all([first, second].map(({ session }) => tagsOf(session)))
    expectClose(said[0]!, await wholeTags(own[0]!))
    expectClose(said[1]!, await wholeTags(own[1]!))
    await first.session.release()
    expect(counts.held).toBe(2)
    expect(await tagsOf(second.session)).toEqual(said[1]!)
    await second.session.release()
    expect(counts.held).toBe(0)
  })

  test('taggers that are told nothing but ids share the layers that are the base’s', async () => {
    const { counts, serving } = watched()
    const own = [3, 4].map((seed) => specialist(seed, taggerTensors(config, plain), false))
    const served = await Promise.all(
      own.map((tensors) => openTagger(serving, plain, { base, own: tensors, precision })),
    )
    expect(counts.held).toBe(4)
    const said = await Promise.all(served.map(({ session }) => tagsOf(session)))
    for (const [i, tensors] of own.entries()) expectClose(said[i]!, await wholeTags(tensors, plain))
    for (const { session } of served) await session.release()
    expect(counts.held).toBe(0)
  })

  test('texts of several requests share a batch, and are answered as they are alone', async () => {
    const { batches, serving } = watched()
    const { session } = await openTagger(serving, marked, { base, own: tagger(1), precision })
    const alone = [await tagsOf(session, [0]), await tagsOf(session, [0])].flat()
    batches.length = 0
    const together = await Promise.all([[1], [0], [0]].map((rows) => tagsOf(session, rows)))
    expect(Math.max(...batches.map(([rows]) => Number(rows)))).toBeGreaterThanOrEqual(2)
    expectClose(together.slice(1).flat(), alone)
    await session.release()
  })

  test('a tagger, a reader and a classifier share a batch up to where they part', async () => {
    const { counts, batches, serving } = watched()
    const [tags, reader, classifier] = await Promise.all([
      openTagger(serving, marked, { base, own: tagger(1), precision }),
      openReader(serving, { base, own: specialist(5, readerTensors(config)), precision }),
      serving.openVectorForm({
        ...{ base, precision },
        own: specialist(6, [
          { name: 'head.weight', shape: [3, config.hidden] },
          { name: 'head.bias', shape: [3] },
        ]),
        outputs,
      }),
    ])
    const [ask, tag, label] = [
      () => scoreQuestionWindows(reader.session, [window], { config }),
      () => tagsOf(tags.session, [0]),
      async () => {
        let logits = new Float32Array(0)
        await classifier.session.run([texts[0]!], (batch) => {
          logits = floatsOf(batch.outputs['logits'], 'logits').slice()
        })
        return logits
      },
    ]
    const alone = { asked: await ask(), tagged: await tag(), labelled: await label() }
    batches.length = 0
    const [, tagged, asked, labelled] = await Promise.all([tagsOf(tags.session, [1]), tag(), ask(), label()])
    expect(Math.max(...batches.map(([rows]) => Number(rows)))).toBeGreaterThanOrEqual(3)
    expectClose(tagged, alone.tagged)
    expectClose([labelled], [alone.labelled])
    const places = ({ scores }: typeof asked) => scores.flatMap(({ begin, end }) => [begin, end])
    expectClose(places(asked), places(alone.asked))
    expectClose([asked.distances!], [alone.asked.distances!])
    for (const { session } of [tags, reader, classifier]) await session.release()
    expect(counts.held).toBe(0)
  })

  test('in 8 bits a tagger and a reader say what they said in training, whatever is asked beside it', async () => {
    const { serving } = watched()
    const own = { tagger: tagger(7), reader: specialist(8, readerTensors(config)) }
    const trained = (tensors: TensorSource) => ({
      ...{ base: tinyBase(), runtime, threads: 1, tensors: overlaid(tinyBase().tensors, tensors) },
    })
    const [first, second] = [trained(own.tagger), trained(own.reader)]
    const fed = fedWindows([window], config)
    const rounded = {
      tagger: await eightBitsOf(
        taggerGraph(config, marked, { joined: true }).hidden,
        { texts, also: { [shapesInput]: shapes } },
        first,
      ),
      reader: await eightBitsOf(readerGraph(config, { joined: true }).hidden, fed, second),
    }
    const before = {
      tagger: await openTrainedTagger(marked, rounded.tagger, first),
      reader: await openTrainedReader(rounded.reader, second),
    }
    const said = {
      tags: await tagsOf(before.tagger),
      places: (await scoreQuestionWindows(before.reader, [window], { config })).scores,
    }
    const [tags, reader] = await Promise.all([
      openTagger(serving, marked, { base, own: own.tagger, precision: rounded.tagger }),
      openReader(serving, { base, own: own.reader, precision: rounded.reader }),
    ])
    const [one, , other] = await Promise.all([
      tagsOf(tags.session),
      tagsOf(tags.session, [1]),
      scoreQuestionWindows(reader.session, [window], { config }),
    ])
    expect(one).toEqual(said.tags)
    expect(other.scores).toEqual(said.places)
    const exact = (await wholeTags(own.tagger)).flatMap((values) => [...values])
    const away = one.flatMap((values) => [...values]).map((value, i) => Math.abs(value - exact[i]!))
    expect(Math.max(...away)).toBeGreaterThan(1e-4)
    for (const session of [before.tagger, before.reader, tags.session, reader.session])
      await session.release()
  })

  test('a tagger that cannot be loaded leaves nothing of its base behind', async () => {
    const { counts, serving } = watched()
    const own = tensorsInMemory(new Map())
    await expect(openTagger(serving, marked, { base, own, precision })).rejects.toMatchObject({
      code: 'weights.tensor-missing',
    })
    expect(counts.held).toBe(0)
  })
})

/** The first text, with all tokens but the special ones as the context. */
const window: QuestionWindow = {
  ids: texts[0]!,
  types: texts[0]!.map(() => 1),
  marks: {
    match: shapes[0]!,
    near: shapes[0]!.map((shape) => shape % 3),
    shape: shapes[0]!.map((shape) => shape % 2),
    sentence: shapes[0]!.map(() => 1),
  },
  ...{ place: 1, from: 0, to: texts[0]!.length - 2, share: 1 },
}

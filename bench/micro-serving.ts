/**
 * The micro tier serving banking77 texts: texts a second and single texts beside the plain PyTorch loop in the same run,
 * callers at once, and what many specialists on one base take in memory. `SHOAL_HOME` names the folder with the base models.
 */
import { loadavg } from 'node:os'
import type { JsonObject } from '../src/base/json.ts'
import { seededRandom } from '../src/base/random.ts'
import type { BaseModel } from '../src/model/encoder/base-model.ts'
import { encoderGraph } from '../src/model/encoder/encoder.ts'
import { copyVectors } from '../src/model/encoder/encoder-session.ts'
import { frameText } from '../src/model/encoder/framing.ts'
import { headLogits } from '../src/model/encoder/heads.ts'
import { inputRanges } from '../src/model/encoder/input-ranges.ts'
import { loraShapes, usualLora } from '../src/model/encoder/lora.ts'
import { pooled } from '../src/model/encoder/pooling.ts'
import { type StoredTensor, type TensorSource, tensorsInMemory } from '../src/model/weights/tensor-source.ts'
import { servingOptions } from '../src/tier/micro/micro-tier.ts'
import type { VectorForm } from '../src/tier/micro/serving/forms.ts'
import { createMicroServing, type MicroServing, type Served } from '../src/tier/micro/serving/serving.ts'
import { withMicroParts } from './base-models.ts'
import { type Row, readSet } from './data/labelled-sets.ts'
import type { Bench, Figure } from './harness.ts'
import { runPeer } from './run-peer.ts'

const [threads, labels, specialists, rounds, singles] = [2, 77, 20, 3, 200]
const callersAtOnce = [1, 16, 64] as const
const maxTokens = 128
const callMs = 4000
const adapter = usualLora(8)
/** Rows that say how the inputs of linear layers are rounded. */
const calibrationRows = 256
/** More work than this before the run, in busy cores, and the ratio says nothing. */
const quietLoad = 0.5

export const bench: Bench = {
  name: 'micro-serving',
  title:
    'micro tier serving banking77 texts on MiniLM-L6, two threads: at least 1.2 × the plain PyTorch loop and 2 × in 8 bits, 5 ms for a single text',
  run: async ({ seed }) => {
    const loadBefore = loadavg()[0]!
    const { train, test, digests } = readSet('banking77')
    const results = await withMicroParts(async ({ openBase, runtime }) => {
      const serving = createMicroServing(servingOptions({ openBase, runtime, threads }))
      const base = await openBase('minilm')
      try {
        const framed = (rows: readonly Row[]): readonly Int32Array[] =>
          rows.map(([text]) => frameText(base.tokenizer, text, maxTokens))
        const memory = {
          heads: await measureMemory(serving, base, { seed, kind: 'heads' }),
          layers: await measureMemory(serving, base, { seed, kind: 'layers' }),
          adapters: await measureMemory(serving, base, { seed, kind: 'adapters' }),
        }
        const graph = { vector: pooled(encoderGraph(base.config, { joined: true }), base.pooling) }
        const { name, config } = base
        const ranges = await inputRanges(graph, base.tensors, runtime, {
          ...{ name, padId: config.padId, threads, texts: framed(train.slice(0, calibrationRows)) },
        })
        const own = await specialist(base, { seed, kind: 'layers' })
        const float32 = await open(serving, base, { own, precision: 'float32' })
        const int8 = await open(serving, base, { own, precision: { kind: 'int8', ranges } })
        const texts = test.map(([text]) => text)
        return { memory, ...(await measureInTurn({ float32, int8 }, texts)) }
      } finally {
        await base.tensors.close()
      }
    })
    return {
      seed,
      options: { threads, maxTokens, rounds, singles, specialists, callersAtOnce: [...callersAtOnce] },
      data: digests,
      figures: figuresOf(results, loadBefore),
      results: { ...results, loadBefore },
    }
  },
}

/** What a specialist has of its own besides a head. */
type OwnKind = 'heads' | 'layers' | 'adapters'

interface Specialist {
  readonly seed: number
  readonly kind: OwnKind
}

/** A head, and where asked all layers as they are in the base, or an adapter: the work is the same as if they had been trained. */
async function specialist({ tensors, config }: BaseModel, { seed, kind }: Specialist): Promise<TensorSource> {
  const { hidden } = config
  const random = seededRandom(seed)
  const weight = Float32Array.from({ length: labels * hidden }, () => 0.05 * random.normal())
  const own = new Map<string, StoredTensor>([
    ['head.weight', { shape: [labels, hidden], data: weight }],
    ['head.bias', { shape: [labels], data: new Float32Array(labels) }],
  ])
  const names = kind === 'layers' ? tensors.names.filter((name) => /^encoder\.|LayerNorm/.test(name)) : []
  for (const name of names) own.set(name, await tensors.read(name))
  for (const [name, shape] of kind === 'adapters' ? loraShapes(config, adapter) : []) {
    const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.02 * random.normal())
    own.set(name, { shape, data })
  }
  return tensorsInMemory(own)
}

function open(
  serving: MicroServing,
  base: BaseModel,
  form: Pick<VectorForm, 'own' | 'precision' | 'adapter'>,
): Promise<Served> {
  const head = { name: 'head', from: base.config.hidden, to: labels }
  return serving.openVectorForm({
    base,
    ...form,
    outputs: (vector) => ({ logits: headLogits(vector, head) }),
  })
}

/** What specialists on one base take: bytes of models, and of the process. */
interface Memory extends JsonObject {
  readonly one: number
  readonly all: number
  readonly oneResident: number
  readonly allResident: number
}

async function measureMemory(
  serving: MicroServing,
  base: BaseModel,
  { seed, kind }: Specialist,
): Promise<Memory> {
  const before = resident()
  const loaded: Served[] = []
  const add = async (): Promise<void> => {
    const own = await specialist(base, { seed: seed + loaded.length, kind })
    const adapted = kind === 'adapters' ? { adapter } : {}
    loaded.push(await open(serving, base, { own, precision: 'float32', ...adapted }))
  }
  const sizes = (): number => loaded.reduce((sum, { session }) => sum + session.sizeBytes, 0)
  await add()
  const [one, oneResident] = [sizes(), resident() - before]
  while (loaded.length < specialists) await add()
  const [all, allResident] = [sizes(), resident() - before]
  for (const { session } of loaded) await session.release()
  return { one, all, oneResident, allResident }
}

function resident(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

interface Speed extends JsonObject {
  readonly textsPerSecond: number
  readonly singleMedianMs: number
}

interface Callers extends JsonObject {
  readonly callers: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Ours and the peer in turn, so that what else the machine does falls on all. */
async function measureInTurn(forms: { readonly [form: string]: Served }, texts: readonly string[]) {
  const speeds: { [form: string]: Speed[] } = {}
  const peer: Speed[] = []
  for (let round = 0; round < rounds; round++) {
    for (const [form, served] of Object.entries(forms)) {
      await run(served, texts.slice(0, 64))
      speeds[form] = [...(speeds[form] ?? []), await speedOf(served, texts)]
    }
    peer.push(...(await peerSpeed()))
  }
  const callers: { [form: string]: Callers[] } = {}
  for (const [form, served] of Object.entries(forms)) {
    callers[form] = []
    for (const count of callersAtOnce) callers[form].push(await callAtOnce(served, texts, count))
  }
  return { speeds, peer, callers }
}

/** Text to logits, as a predictor does it. */
async function run({ session, base }: Served, texts: readonly string[]): Promise<Float32Array> {
  const logits = new Float32Array(texts.length * labels)
  const framed = texts.map((text) => frameText(base.tokenizer, text, maxTokens))
  await session.run(framed, (batch) => copyVectors(batch, 'logits', logits))
  return logits
}

async function speedOf(served: Served, texts: readonly string[]): Promise<Speed> {
  const began = performance.now()
  await run(served, texts)
  const textsPerSecond = (texts.length * 1000) / (performance.now() - began)
  const every = Math.floor(texts.length / singles)
  const times: number[] = []
  for (let at = 0; at < texts.length; at += every) {
    const started = performance.now()
    await run(served, [texts[at]!])
    times.push(performance.now() - started)
  }
  return { textsPerSecond, singleMedianMs: share(times, 0.5) }
}

/** Callers that each ask the next text when the last was answered. */
async function callAtOnce(served: Served, texts: readonly string[], callers: number): Promise<Callers> {
  const times: number[] = []
  const began = performance.now()
  let next = 0
  const call = async (): Promise<void> => {
    while (performance.now() - began < callMs) {
      const started = performance.now()
      await run(served, [texts[next++ % texts.length]!])
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const perSecond = (times.length * 1000) / (performance.now() - began)
  return { callers, perSecond, p50Ms: share(times, 0.5), p99Ms: share(times, 0.99) }
}

/** The plain PyTorch loop; nothing where no Python is named. */
async function peerSpeed(): Promise<readonly Speed[]> {
  if (process.env['SHOAL_PEER_PYTHON'] === undefined) return []
  const flags = ['--threads', String(threads)]
  const { textsPerSecond, singleMedianMs } = await runPeer<Speed>('inference.py', flags)
  return [{ textsPerSecond, singleMedianMs }]
}

function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

type Results = Awaited<ReturnType<typeof measureInTurn>> & {
  readonly memory: { readonly [Kind in OwnKind]: Memory }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

function figuresOf({ speeds, peer, callers, memory }: Results, load: number): readonly Figure[] {
  const middle = (runs: readonly Speed[], field: keyof Speed): number =>
    share(
      runs.map((one) => Number(one[field])),
      0.5,
    )
  const peerRate = middle(peer, 'textsPerSecond')
  const busy = `load before ${load.toFixed(1)}`
  const isQuiet = load <= quietLoad
  const rate = (form: string, least: number): Figure => {
    const ours = middle(speeds[form]!, 'textsPerSecond')
    return {
      what: `banking77 texts a second, ${form}, ${threads} threads`,
      measured: `${ours.toFixed(0)} (${(ours / peerRate).toFixed(2)} × the peer; ${busy})`,
      target: `at least ${least} × the peer in the same run`,
      met: isQuiet && ours >= least * peerRate,
      peer: `PyTorch loop, fp32, batches of 32: ${peerRate.toFixed(0)}`,
    }
  }
  const single = (form: string): Figure => {
    const ms = middle(speeds[form]!, 'singleMedianMs')
    return {
      what: `single text, median, ${form}`,
      measured: `${ms.toFixed(2)} ms (${busy})`,
      target: 'at most 5 ms',
      met: ms <= 5,
      peer: `PyTorch ${middle(peer, 'singleMedianMs').toFixed(2)} ms`,
    }
  }
  const together = Object.entries(callers).flatMap(([form, all]) =>
    all.map(
      ({ callers: count, perSecond, p50Ms, p99Ms }): Figure => ({
        what: `${count} callers at once, ${form}`,
        measured: `${perSecond.toFixed(0)} texts/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
        target: 'reported',
        met: true,
      }),
    ),
  )
  const held = Object.entries(memory).map(
    ([kind, { one, all, oneResident, allResident }]): Figure => ({
      what: `memory of 1 and ${specialists} specialists with own ${kind}: models (process)`,
      measured: `${megabytes(one)} and ${megabytes(all)} (${megabytes(oneResident)} and ${megabytes(allResident)})`,
      target: 'reported',
      met: true,
    }),
  )
  return [rate('float32', 1.2), rate('int8', 2), single('float32'), single('int8'), ...together, ...held]
}

/** One training step of an encoder of MiniLM-L6's shape by ONNX Runtime, beside PyTorch eager in the same run, turn by turn. */
import { type ChildProcess, spawn } from 'node:child_process'
import { loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Json } from '../src/base/json.ts'
import { seededRandom } from '../src/base/random.ts'
import { orderedNodes } from '../src/graph/gradients.ts'
import { crossEntropy } from '../src/graph/losses.ts'
import { input } from '../src/graph/ops.ts'
import { adamW, parameterName } from '../src/graph/optimizer.ts'
import { encoderGraph } from '../src/model/encoder/encoder.ts'
import type { EncoderConfig } from '../src/model/encoder/encoder-config.ts'
import { headLogits } from '../src/model/encoder/heads.ts'
import { pooled } from '../src/model/encoder/pooling.ts'
import { lowerTraining, type TrainingModel } from '../src/onnx/lower-training.ts'
import type { Bench } from './harness.ts'

const [batch, time, classes, threads] = [16, 128, 77, 2]
const [rounds, stepsPerRun] = [5, 8]
const pauseMs = 500
/** More work than this before the run, in busy cores, and the ratio says nothing: the peer suffers more from it. */
const quietLoad = 0.5

const config: EncoderConfig = {
  family: 'bert',
  hidden: 384,
  layers: 6,
  heads: 12,
  intermediate: 1536,
  vocabulary: 1000,
  positions: 512,
  firstPosition: 0,
  types: 2,
  activation: 'gelu',
  layerNormEpsilon: 1e-12,
  padId: 0,
  dropout: { hidden: 0, attention: 0 },
}

/** Does steps and gives the mean milliseconds of one. */
interface Contender {
  readonly about: Json
  steps(count: number): Promise<number>
  end(): Promise<void>
}

export const bench: Bench = {
  name: 'training-step',
  title: `training step, MiniLM-L6 shape, ${batch} × ${time} tokens, AdamW with clipping on all layers: at least PyTorch eager`,
  run: async ({ seed }) => {
    const loadBefore = loadavg()[0]!
    const shoal = await openShoal(seed)
    const python = process.env['SHOAL_PEER_PYTHON']
    const peer = python === undefined ? undefined : await openPeer(python, seed)
    const times = { shoal: [] as number[], peer: [] as number[] }
    try {
      for (let round = 0; round < rounds; round++) {
        times.shoal.push(await shoal.steps(stepsPerRun))
        await setTimeout(pauseMs) // threads of one that still spin take time from the other
        if (peer) times.peer.push(await peer.steps(stepsPerRun))
        await setTimeout(pauseMs)
      }
    } finally {
      await shoal.end()
      await peer?.end()
    }
    const rate = (ms: readonly number[]): number => (batch * time * 1000) / median(ms)
    const ratio = peer ? rate(times.shoal) / rate(times.peer) : undefined
    return {
      seed,
      options: { batch, time, classes, threads, rounds, stepsPerRun, dropout: 0, clipNorm: 1 },
      data: {},
      figures: [
        {
          what: `training step, MiniLM-L6 shape, ${batch * time} tokens, AdamW on the encoder's layers, ${threads} threads`,
          measured: measuredText(rate(times.shoal), ratio, loadBefore),
          target: 'at least 1.0 × the peer in the same run',
          met: ratio !== undefined && ratio >= 1 && loadBefore <= quietLoad,
          peer:
            ratio === undefined
              ? 'not run: SHOAL_PEER_PYTHON is not set'
              : `PyTorch eager, fused AdamW: ${rate(times.peer).toFixed(0)} tokens/s`,
        },
      ],
      results: { stepMs: times, loadBefore, peer: peer?.about ?? null, ratio: ratio ?? null },
    }
  },
}

function measuredText(rate: number, ratio: number | undefined, loadBefore: number): string {
  const beside = ratio === undefined ? '' : `, ${ratio.toFixed(2)} × the peer`
  const busy =
    loadBefore <= quietLoad ? '' : ` (not a measurement: ${loadBefore.toFixed(1)} cores were busy before)`
  return `${rate.toFixed(0)} tokens/s${beside}${busy}`
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** The model that trains, and tensors to start from. */
function trainingModel(seed: number): {
  readonly model: TrainingModel
  readonly tensors: ReadonlyMap<string, Float32Array>
} {
  const vector = pooled(encoderGraph(config), { mode: 'mean', normalize: false })
  const logits = headLogits(vector, { name: 'head', from: config.hidden, to: classes })
  const loss = crossEntropy(logits, input('targets', ['batch', classes]), input('weights', ['batch']))
  const parameters = orderedNodes([loss]).flatMap((node) =>
    node.op.kind === 'parameter' ? [{ node, output: 0, ...node.outputs[0]! }] : [],
  )
  const random = seededRandom(seed)
  const tensors = new Map(
    parameters.map((parameter) => {
      const name = parameterName(parameter)
      const size = parameter.shape.reduce<number>((product, dim) => product * Number(dim), 1)
      const gain = name.endsWith('LayerNorm.weight') ? 1 : 0
      return [name, Float32Array.from({ length: size }, () => gain + 0.02 * random.normal())] as const
    }),
  )
  const trained = parameters
    .filter((parameter) => !parameterName(parameter).startsWith('embeddings'))
    .map((parameter) => ({ parameter, weightDecay: 0.01 }))
  return { model: lowerTraining({ loss, trained, optimizer: adamW, clipNorm: 1 }, tensors), tensors }
}

async function openShoal(seed: number): Promise<Contender> {
  const { model, tensors } = trainingModel(seed)
  const session = await InferenceSession.create(model.bytes, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  })
  let state: readonly (readonly [string, Tensor])[] = model.state.map(({ name, shape, start }) => {
    const size = shape.reduce((product, dim) => product * dim, 1)
    return [
      name,
      new Tensor('float32', start === 'zeros' ? new Float32Array(size) : tensors.get(name)!, shape),
    ] as const
  })
  const steps = async (count: number): Promise<number> => {
    const feeds = { ...Object.fromEntries(state), ...batches(count, seed) }
    const began = performance.now()
    const outputs = await session.run(feeds)
    const ms = (performance.now() - began) / count
    state = model.state.map(({ name }) => [name, outputs[`${name}.next`]!] as const)
    return ms
  }
  await steps(1)
  return { about: {}, steps, end: () => session.release() }
}

function batches(steps: number, seed: number): { readonly [name: string]: Tensor } {
  const random = seededRandom(seed)
  const rows = steps * batch
  const ids = Int32Array.from({ length: rows * time }, () => random.below(config.vocabulary))
  const targets = Float32Array.from({ length: rows * classes }, (_, i) =>
    Number(i % classes === (Math.floor(i / classes) % batch) % classes),
  )
  return {
    ids: new Tensor('int32', ids, [steps, batch, time]),
    mask: new Tensor('float32', new Float32Array(rows * time).fill(1), [steps, batch, time]),
    targets: new Tensor('float32', targets, [steps, batch, classes]),
    weights: new Tensor('float32', new Float32Array(rows).fill(1 / batch), [steps, batch]),
    learningRate: new Tensor('float32', new Float32Array(steps).fill(1e-4), [steps]),
  }
}

async function openPeer(python: string, seed: number): Promise<Contender> {
  const script = fileURLToPath(new URL('peers/training_step.py', import.meta.url))
  const options = { batch, time, classes, threads, seed }
  const flags = Object.entries(options).flatMap(([name, number]) => [`--${name}`, String(number)])
  const child: ChildProcess = spawn(python, [script, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${script} ended before it answered`)
    return value
  }
  const about: Json = JSON.parse(await next())
  return {
    about,
    steps: async (count) => {
      child.stdin!.write(`${count}\n`)
      const { ms }: { ms: number } = JSON.parse(await next())
      return ms
    },
    end: async () => {
      child.stdin!.end()
    },
  }
}

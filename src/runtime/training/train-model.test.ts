import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import type { ProgressEvent } from '../../base/progress.ts'
import { seededRandom } from '../../base/random.ts'
import * as g from '../../graph/ops.ts'
import { adamW } from '../../graph/optimizer.ts'
import { lowerTraining } from '../../onnx/lower-training.ts'
import { planBatches } from './batches.ts'
import { stepsWithin } from './time-budget.ts'
import { tinyRun } from './tiny-training.contract.ts'
import { type TrainingResult, type TrainModelOptions, trainModel } from './train-model.ts'
import type { TrainingRun } from './training-run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-training-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const train = (run: TrainingRun, options: TrainModelOptions = {}): Promise<TrainingResult> =>
  trainModel(run, { threads: 1, ...options })

/** Digests of the numbers' bits, so that equal means equal to the last one. */
const bitsOf = ({ tensors, reports }: TrainingResult): readonly string[] =>
  [...tensors, ...reports].map(
    ([name, { buffer, byteOffset, byteLength }]) =>
      `${name} ${sha256(new Uint8Array(buffer, byteOffset, byteLength))}`,
  )

describe('a training', () => {
  test('lowers the loss, gives the trained tensors and what each step reported, and tells how far it is', async () => {
    const run = tinyRun()
    const events: ProgressEvent[] = []
    const result = await train(run, { progress: (event) => events.push(event) })
    const loss = result.reports.get('loss')!
    expect(loss.length).toBe(run.batches.length)
    expect(loss.at(-1)!).toBeLessThan(0.2 * loss[0]!)
    expect([...result.tensors.keys()]).toEqual(['w'])
    expect(result.tensors.get('w')![0]).toBeGreaterThan(1)
    expect(result.memory.peakBytes).toBeGreaterThan(20 << 20)
    expect(events.at(-1)).toMatchObject({
      stage: 'training',
      done: run.batches.length,
      total: run.batches.length,
      detail: expect.stringMatching(/^loss .*, learning rate .*, .* tokens\/s, 0 s left$/),
    })
  })

  test('is the same to the last bit for a seed, and another for another', async () => {
    const [first, again, other] = await Promise.all([
      train(tinyRun()),
      train(tinyRun()),
      train({ ...tinyRun(), seed: 1 }),
    ])
    expect(bitsOf(again)).toEqual(bitsOf(first))
    expect(bitsOf(other)).not.toEqual(bitsOf(first))
  })

  test('with a time budget decides the steps before the schedule, which ends with them', async () => {
    const run = tinyRun({ width: 2_000_000, rows: 400, epochs: 80 })
    const asked = new Set<number>()
    const learningRate = (_: number, steps: number): number => {
      asked.add(steps)
      return 0.01
    }
    const result = await train({ ...run, schedule: { learningRate } }, { budgetMs: 2500 })
    expect(result.trimmed).toEqual({ plannedSteps: run.batches.length, budgetMs: 2500 })
    expect(result.steps).toBeLessThan(run.batches.length)
    expect(result.reports.get('loss')!.length).toBe(result.steps)
    expect(asked.has(result.steps)).toBe(true)
  })

  test('takes as many steps as fit into the time that is left, at least one', () => {
    const batch = { rows: new Int32Array(4), time: 25 }
    const batches = Array(50).fill(batch)
    expect(stepsWithin(batches, { leftMs: 10_000, secondsPerToken: 0.01 })).toBe(9)
    expect(stepsWithin(batches, { leftMs: -5, secondsPerToken: 0.01 })).toBe(1)
    expect(stepsWithin(batches, { leftMs: 100_000, secondsPerToken: 0.01 })).toBe(50)
    expect(stepsWithin(batches, undefined)).toBe(50)
  })
})

test('micro-batches come to the weights of the whole batch, rows that do not fill them included', async () => {
  const rows = 30
  const lengths = Int32Array.from({ length: rows }, (_, row) => 1 + (row % 7))
  const random = seededRandom(0)
  const data = Float32Array.from({ length: 4 * rows }, () => random.normal())
  const x = g.input('x', ['batch', 4])
  const share = g.input('share', ['batch'])
  const w = g.parameter('w', [4, 1])
  const error = g.sub(g.matmul(x, w), g.scalar(1))
  const squares = g.reshape(g.mul(error, error), ['batch'])
  const loss = g.reduceSum(g.mul(squares, share), [0])
  const trained = [{ parameter: w, weightDecay: 0 }]
  const start = new Map([['w', Float32Array.of(1, -1, 0.5, 2)]])
  const runOf = (accumulates: boolean): TrainingRun => ({
    name: 'least squares',
    model: lowerTraining({ loss, trained, optimizer: adamW, accumulates }, start),
    start,
    batches: planBatches(lengths, { seed: 0, epochs: 4, rows: 7 }),
    columns: [
      { kind: 'fixed', name: 'x', data },
      { kind: 'share', name: 'share', weights: new Float32Array(rows).fill(1) },
    ],
    schedule: { learningRate: () => 0.05 },
    seed: 0,
    activationBytes: () => 0,
  })
  const whole = await train(runOf(false))
  const parted = await train({ ...runOf(true), microTokens: 24 })
  for (const name of ['loss', 'gradientNorm']) {
    const [one, other] = [whole.reports.get(name)!, parted.reports.get(name)!]
    for (const [step, value] of one.entries()) expect(other[step]).toBeCloseTo(value, 4)
  }
  for (const [i, value] of whole.tensors.get('w')!.entries())
    expect(parted.tensors.get('w')![i]).toBeCloseTo(value, 4)
})

describe('a training that is stopped', () => {
  test('by its signal ends within two seconds, and its process with it', async () => {
    const cancel = new AbortController()
    let cancelledAt = 0
    const run = train(tinyRun({ width: 2_000_000, rows: 400, epochs: 40 }), {
      signal: cancel.signal,
      progress: () => {
        if (cancelledAt > 0) return
        cancelledAt = performance.now()
        cancel.abort()
      },
    })
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    expect(performance.now() - cancelledAt).toBeLessThan(2000)
    expect(await childrenOfThis()).toEqual([])
    await expect(train(tinyRun(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })

  test('by a loss that is not finite names the step and the rows, and keeps the last good checkpoint', async () => {
    const run = tinyRun()
    const poisoned = {
      ...run,
      schedule: { learningRate: (step: number) => (step === 20 ? Number.NaN : 0.01) },
    }
    // Step 21 spoils the weights. Where a chunk happens to end there they are looked at; else the next loss tells.
    const rowsOf = (step: number): string => [...run.batches[step - 1]!.rows].join(', ')
    const said = new RegExp(
      `stopped at step (21: w\\[\\d\\] is NaN\\. Its rows were ${rowsOf(21)}|22: loss is NaN\\. Its rows were ${rowsOf(22)})\\.`,
    )
    await expect(train(poisoned, { checkpoints: { folder, everySeconds: 0 } })).rejects.toMatchObject({
      code: 'train.loss-not-finite',
      message: expect.stringMatching(said),
    })
    const [newest] = (await readdir(folder)).sort().reverse()
    const kept = Number(newest?.slice(0, 9))
    expect(kept).toBeLessThanOrEqual(20)
    expect(kept).toBeGreaterThan(0)
    // It goes on from there, and meets the same step again: the checkpoint outlives that too.
    const progress = ({ done }: { readonly done: number }): void => expect(done).toBeGreaterThan(kept)
    const again = train(poisoned, { checkpoints: { folder, everySeconds: 0 }, progress })
    await expect(again).rejects.toThrow(said)
    expect((await readdir(folder)).length).toBeGreaterThan(0)
  })

  test.skipIf(process.platform === 'win32')(
    'by kill -9, again and again, even while a checkpoint is written, gives the weights of one that was not',
    async () => {
      const make = (): TrainingRun => tinyRun({ width: 500_000, epochs: 4 })
      const whole = await train(make())
      const killed: string[] = []
      let result: TrainingResult | undefined
      for (let attempt = 0; !result && attempt < 8; attempt++) {
        const watch = attempt < 3 ? killDuring(attempt === 1 ? 'writing' : 'training') : undefined
        result = await train(make(), { checkpoints: { folder, everySeconds: 0 } }).catch((cause) => {
          killed.push(cause.code)
          return undefined
        })
        watch?.stop()
      }
      expect(killed).toEqual(Array(3).fill('train.process-lost'))
      expect(result?.resumed?.step).toBeGreaterThan(0)
      expect(bitsOf(result!)).toEqual(bitsOf(whole))
      expect((await readdir(folder)).every((file) => file.endsWith('.checkpoint'))).toBe(true)
    },
    120_000,
  )
})

describe('checkpoints', () => {
  const checkpoints = () => ({ folder, everySeconds: 0 })

  test('of a finished run give its result again at once; those of another plan are not taken', async () => {
    const first = await train(tinyRun(), { checkpoints: checkpoints() })
    const again = await train(tinyRun(), { checkpoints: checkpoints() })
    expect(again.resumed).toEqual({ step: first.steps, damaged: [] })
    expect(bitsOf(again)).toEqual(bitsOf(first))
    const other = await train(tinyRun({ seed: 1 }), { checkpoints: checkpoints() })
    expect(other.resumed).toBeUndefined()
  })

  test('a damaged one is passed over and named; the one before it is taken', async () => {
    const first = await train(tinyRun(), { checkpoints: checkpoints() })
    const [older, newest] = (await readdir(folder)).sort()
    const bytes = await readFile(join(folder, newest!))
    bytes[bytes.length - 40]! ^= 1
    await writeFile(join(folder, newest!), bytes)
    const again = await train(tinyRun(), { checkpoints: checkpoints() })
    expect(again.resumed).toEqual({ step: Number(older!.slice(0, 9)), damaged: [newest] })
    expect(bitsOf(again)).toEqual(bitsOf(first))
  })

  test('a process that cannot write says which file', async () => {
    const file = join(folder, 'no-folder')
    await writeFile(file, '')
    const run = train(tinyRun(), { checkpoints: { folder: join(file, 'below') } })
    await expect(run).rejects.toThrow(/ENOTDIR.*no-folder/)
  })
})

describe('what is refused before anything is computed', () => {
  test('a run that does not fit in memory, with the sizes that would', async () => {
    const run = {
      ...tinyRun({ batchRows: 16 }),
      activationBytes: (axes: { batch: number; time: number }) => axes.batch * axes.time * (1 << 20),
    }
    await expect(train(run, { allowedBytes: 920 << 20 })).rejects.toMatchObject({
      code: 'train.too-large',
      message: expect.stringMatching(
        /^Training tiny needs 1\.6 GiB of memory for 16 rows × 32 tokens at once, and 920 MiB may be taken\. What fits at once: 8 rows × 32 tokens; 16 rows × 16 tokens\.$/,
      ),
    })
    await expect(train(run, { allowedBytes: 50 << 20 })).rejects.toThrow(/No batch fits: .* take 141 MiB/)
  })

  test('a starting tensor of another size, and a model that is none', async () => {
    const run = tinyRun()
    await expect(train({ ...run, start: new Map([['w', new Float32Array(3)]]) })).rejects.toMatchObject({
      code: 'train.start-tensor',
      details: { tensor: 'w', got: 3, expected: 8 },
    })
    await expect(train({ ...run, model: { ...run.model, bytes: randomBytes(50) } })).rejects.toMatchObject({
      code: 'runtime.model-unusable',
    })
  })

  test('a step that the runtime cannot compute, with the name of the model', async () => {
    const { model, ...run } = tinyRun()
    const state = model.state.map((one) => (one.name === 'w' ? { ...one, shape: [9] } : one))
    const start = new Map([['w', new Float32Array(9)]])
    await expect(train({ ...run, start, model: { ...model, state } })).rejects.toMatchObject({
      code: 'runtime.run-failed',
      message: expect.stringContaining('The model tiny failed while it ran'),
    })
  })
})

async function childrenOfThis(): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent]) => Number(parent) === process.pid)
    .filter((fields) => fields.join(' ').includes('training.child'))
    .map(([pid]) => Number(pid))
}

/** Kills the process that trains: while a checkpoint is half written, or some time after one was. */
function killDuring(moment: 'writing' | 'training'): { stop(): void } {
  let isOver = false
  const before = readdir(folder).then((files) => new Set(files))
  const look = async (): Promise<void> => {
    const known = await before
    while (!isOver) {
      const files = await readdir(folder)
      const isThere =
        moment === 'writing'
          ? files.some((file) => file.endsWith('.tmp') && !known.has(file))
          : files.some((file) => file.endsWith('.checkpoint') && !known.has(file))
      if (isThere && (moment === 'writing' || known.size === 0 || files.length > 1)) {
        for (const pid of await childrenOfThis()) process.kill(pid, 'SIGKILL')
        return
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  void look()
  return {
    stop: () => {
      isOver = true
    },
  }
}

/**
 * Trains a model in a process of its own: cancelling is ending it, its memory goes back to the system, and a crash of
 * the native code leaves the caller standing.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { appError, assert, throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { startProcess } from '../../base/worker.ts'
import { unpackError } from '../carried-error.ts'
import type {
  ChunkMessage,
  DoneMessage,
  FromTraining,
  ReadyMessage,
  ToTraining,
  TrainingJob,
  WaitingMessage,
} from './job.ts'
import { checkMemory, type MemoryPlan, machineLock, planMemory } from './memory.ts'
import { send } from './send.ts'
import { stepsWithin, type TimeLeft } from './time-budget.ts'
import { createTrainingProgress } from './training-progress.ts'
import type { TrainingRun } from './training-run.ts'

export interface TrainModelOptions extends WorkOptions {
  /** A folder for this run alone. A run that is there already goes on, and one that was finished is returned. */
  readonly checkpoints?: { readonly folder: string; readonly everySeconds?: number }
  /** Wall time in all: speed is measured first, and the steps that fit are decided before the schedule is. */
  readonly budgetMs?: number
  /** All cores by default. */
  readonly threads?: number
  /** Memory that the run may take; by default a share of what is free. */
  readonly allowedBytes?: number
  /** Where `shoal setup micro` put ONNX Runtime. */
  readonly runtimeFolder?: string
}

export interface TrainingResult {
  /** The trained tensors: all states of `start: 'parameter'`. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** One value a step. */
  readonly reports: ReadonlyMap<string, Float32Array>
  readonly steps: number
  /** Set where a time budget left steps out. */
  readonly trimmed?: { readonly plannedSteps: number; readonly budgetMs: number }
  /** Set where it went on from a checkpoint. */
  readonly resumed?: { readonly step: number; readonly damaged: readonly string[] }
  readonly seconds: number
  readonly memory: MemoryPlan & { readonly peakBytes: number }
}

const defaultCheckpointSeconds = 60

/**
 * Waits where another process trains something large. Throws `train.too-large` before anything is started,
 * `train.machine-busy` where a time budget ends with waiting, `train.loss-not-finite`,
 * `train.process-lost`, `disk.full`, `cancelled`, and what the runtime throws.
 */
export async function trainModel(run: TrainingRun, options: TrainModelOptions = {}): Promise<TrainingResult> {
  throwIfCancelled(options.signal, `training ${run.name}`)
  const memory = planMemory(run)
  checkMemory(run, memory, options.allowedBytes)
  const child = startProcess(new URL('./training.child.ts', import.meta.url), {
    nodeOptions: ['--expose-gc'],
  })
  const end = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', end, { once: true })
  try {
    return await superviseTraining(child, run, options, memory)
  } catch (cause) {
    throwIfCancelled(options.signal, `training ${run.name}`)
    throw cause
  } finally {
    options.signal?.removeEventListener('abort', end)
    if (child.exitCode === null && child.signalCode === null) {
      end()
      await once(child, 'exit')
    }
  }
}

async function superviseTraining(
  child: ChildProcess,
  run: TrainingRun,
  options: TrainModelOptions,
  memory: MemoryPlan,
): Promise<TrainingResult> {
  const began = performance.now()
  const inbox = readMessages(child, run.name)
  inbox.onWaiting(({ pid, work, since }) => {
    const detail = `waiting for process ${pid}, which has been training ${work} since ${since}`
    options.progress?.({ stage: 'training', done: 0, total: run.batches.length, detail })
  })
  const job = jobOf(run, options, memory)
  await giveJob(child, job, run, inbox.lost)
  const ready = await inbox.ready
  const steps =
    ready.resumed?.steps ?? stepsWithin(run.batches, leftOf(options, performance.now() - began, ready))
  const progress = createTrainingProgress({ run, steps, ready, progress: options.progress })
  inbox.onChunk(progress)
  await tell(child, { kind: 'begin', steps, schedule: scheduleValues(run, steps) }, inbox.lost)
  const { done, tensors } = await inbox.done
  const isTrimmed = steps < run.batches.length && options.budgetMs !== undefined
  return {
    tensors,
    reports: new Map(Object.entries(done.reports)),
    steps,
    ...(isTrimmed && { trimmed: { plannedSteps: run.batches.length, budgetMs: options.budgetMs } }),
    ...((ready.resumed || ready.damaged.length > 0) && {
      resumed: { step: ready.resumed?.step ?? 0, damaged: ready.damaged },
    }),
    seconds: (performance.now() - began) / 1000,
    memory: { ...memory, peakBytes: done.peakBytes },
  }
}

function jobOf(run: TrainingRun, options: TrainModelOptions, memory: MemoryPlan): TrainingJob {
  const { name, model, batches, columns, seed, microTokens } = run
  assert(
    microTokens === undefined || model.accumulates,
    `${name}: its batches are parted, but its step does not accumulate`,
  )
  const { checkpoints, threads, runtimeFolder, budgetMs } = options
  const lock = machineLock(memory)
  const everyMs = 1000 * (checkpoints?.everySeconds ?? defaultCheckpointSeconds)
  return {
    ...{ name, model, batches, columns, seed },
    ...(microTokens !== undefined && { microTokens }),
    schedule: scheduleValues(run, batches.length),
    measure: budgetMs !== undefined,
    ...(checkpoints && { checkpoints: { folder: checkpoints.folder, everyMs } }),
    threads: threads ?? availableParallelism(),
    ...(runtimeFolder !== undefined && { runtimeFolder }),
    ...(lock !== undefined && { lock }),
    ...(budgetMs !== undefined && { lockWaitMs: budgetMs }),
  }
}

function leftOf(
  { budgetMs }: TrainModelOptions,
  spentMs: number,
  { secondsPerToken }: ReadyMessage,
): TimeLeft | undefined {
  if (budgetMs === undefined || secondsPerToken === undefined) return undefined
  return { leftMs: budgetMs - spentMs, secondsPerToken }
}

function scheduleValues(run: TrainingRun, steps: number): Readonly<Record<string, Float32Array>> {
  const entries = Object.entries(run.schedule).map(([name, valueAt]) => [
    name,
    Float32Array.from({ length: steps }, (_, step) => valueAt(step, steps)),
  ])
  return Object.fromEntries(entries)
}

interface Inbox {
  readonly ready: Promise<ReadyMessage>
  readonly done: Promise<{ done: DoneMessage; tensors: ReadonlyMap<string, Float32Array> }>
  /** Rejects when the process has ended or failed. */
  readonly lost: Promise<never>
  onChunk(listener: (chunk: ChunkMessage) => void): void
  onWaiting(listener: (waiting: WaitingMessage) => void): void
}

function readMessages(child: ChildProcess, name: string): Inbox {
  const tensors = new Map<string, Float32Array>()
  let listener = (_: ChunkMessage): void => {}
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.on('message', (message: FromTraining) => {
      if (message.kind === 'failed') reject(unpackError(message.error))
    })
    child.once('exit', (code, signal) =>
      reject(appError('train.process-lost', { model: name, how: signal ?? `code ${code}` })),
    )
  })
  const ready = new Promise<ReadyMessage>((resolve) => {
    child.on('message', (message: FromTraining) => {
      if (message.kind === 'ready') resolve(message)
    })
  })
  const done = new Promise<{ done: DoneMessage; tensors: ReadonlyMap<string, Float32Array> }>((resolve) => {
    child.on('message', (message: FromTraining) => {
      if (message.kind === 'chunk') listener(message)
      else if (message.kind === 'tensor') tensors.set(message.name, message.data)
      else if (message.kind === 'done') resolve({ done: message, tensors })
    })
  })
  const either = { ready: Promise.race([ready, failed]), done: Promise.race([done, failed]), lost: failed }
  // Whoever waits gets the error; that nobody waits for one of them is no mistake.
  for (const promise of Object.values(either)) promise.catch(() => undefined)
  return {
    ...either,
    onChunk: (next) => {
      listener = next
    },
    onWaiting: (next) => {
      child.on('message', (message: FromTraining) => {
        if (message.kind === 'waiting') next(message)
      })
    },
  }
}

async function giveJob(
  child: ChildProcess,
  job: TrainingJob,
  { start }: TrainingRun,
  lost: Promise<never>,
): Promise<void> {
  await tell(child, { kind: 'job', job }, lost)
  for (const [name, data] of start) await tell(child, { kind: 'tensor', name, data }, lost)
  await tell(child, { kind: 'prepare' }, lost)
}

/** Where the process has ended, that says more than the channel which it closed. */
async function tell(child: ChildProcess, message: ToTraining, lost: Promise<never>): Promise<void> {
  await send(child, message).catch(() => lost)
}

/** The process of one training run: takes the job, trains, gives the tensors back. It ends when its parent does. */
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { appError, assert } from '../../base/errors.ts'
import { type LockOwner, withFileLock } from '../../base/file-lock.ts'
import { packError } from '../carried-error.ts'
import { type OrtLibrary, type OrtSession, sessionOptions } from '../ort-library.ts'
import { loadOnnxRuntime } from '../resolve-onnx-runtime.ts'
import { problemOf, runSession } from '../session-host.ts'
import { checkpointFolder } from './checkpoint.ts'
import { type FromTraining, planDigest, type ReadyMessage, type ToTraining, type TrainingJob } from './job.ts'
import { send } from './send.ts'
import { stepsOf } from './steps.ts'
import {
  fromCheckpoint,
  type LoopOptions,
  measurePace,
  type Position,
  startPosition,
  trainSteps,
} from './training-loop.ts'

type Begin = Extract<ToTraining, { kind: 'begin' }>

const orphaned = (): never => process.exit(1)
process.on('disconnect', orphaned)

let job: TrainingJob | undefined
const start = new Map<string, Float32Array>()
let begin: (message: Begin) => void = () => {}
const begun = new Promise<Begin>((resolve) => {
  begin = resolve
})

process.on('message', (message: ToTraining) => {
  switch (message.kind) {
    case 'job':
      job = message.job
      return
    case 'tensor':
      start.set(message.name, message.data)
      return
    case 'begin':
      begin(message)
      return
    case 'prepare':
      void train()
  }
})

async function train(): Promise<void> {
  try {
    assert(job, 'the job comes first')
    await underLock(job, trainJob(job))
  } catch (cause) {
    await tell({ kind: 'failed', error: packError(cause) })
  }
  process.off('disconnect', orphaned)
  process.disconnect()
}

const lookAgainMs = 250

/** Who comes second waits: what it did before is not lost, and nothing that goes on is broken by it. */
function underLock({ name, lock, lockWaitMs }: TrainingJob, work: () => Promise<void>): Promise<void> {
  if (lock === undefined) return work()
  const facts = ({ pid, since, work: what = 'a model' }: LockOwner) => ({ pid, since, work: what })
  const until = systemClock.monotonicMs() + (lockWaitMs ?? Number.POSITIVE_INFINITY)
  let told: number | undefined
  const waits = async (owner: LockOwner): Promise<boolean> => {
    if (systemClock.monotonicMs() >= until) return false
    if (told !== owner.pid) await tell({ kind: 'waiting', ...facts(owner) })
    told = owner.pid
    await wait(lookAgainMs)
    return true
  }
  const busy = (owner: LockOwner): Error => appError('train.machine-busy', facts(owner))
  return withFileLock({ path: lock, work: name, busy, waits }, work)
}

function trainJob(own: TrainingJob): () => Promise<void> {
  return async () => {
    const plan = planDigest(own, start)
    const folder = own.checkpoints && checkpointFolder(own.checkpoints.folder)
    const found = folder ? await folder.newest(plan) : { damaged: [] }
    const steps = stepsOf(own.batches, own.microTokens)
    const { library, session } = await openSession(own)
    const options: LoopOptions = {
      job: own,
      plan,
      steps,
      clock: systemClock,
      run: async (inputs, outputs) => {
        // The parameters of the chunk before are garbage by now, and large.
        globalThis.gc?.()
        return runSession(library, session, inputs, outputs).catch((cause: unknown) => {
          throw appError('runtime.run-failed', { model: own.name, problem: problemOf(cause) }, cause)
        })
      },
      ...(folder && { save: (checkpoint) => folder.save(checkpoint) }),
      onChunk: (chunk) => void tell(chunk),
    }
    const from = found.checkpoint
      ? fromCheckpoint(own, found.checkpoint, steps.length)
      : startPosition(own, start, steps.length)
    const resumed = found.checkpoint && { step: found.checkpoint.step, steps: found.checkpoint.steps }
    await tell(await readiness(options, from, found.damaged, resumed))
    const decided = await begun
    const job = { ...own, schedule: decided.schedule }
    const end = await trainSteps({ ...options, job, steps: steps.slice(0, decided.steps) }, from)
    await session.release()
    await giveBack(own, end)
  }
}

async function readiness(
  options: LoopOptions,
  from: Position,
  damaged: readonly string[],
  resumed: ReadyMessage['resumed'],
): Promise<ReadyMessage> {
  if (resumed) return { kind: 'ready', damaged, resumed }
  if (!options.job.measure) return { kind: 'ready', damaged }
  return { kind: 'ready', damaged, secondsPerToken: await measurePace(options, from) }
}

async function openSession(own: TrainingJob): Promise<{ library: OrtLibrary; session: OrtSession }> {
  const library = await loadOnnxRuntime(own.runtimeFolder === undefined ? {} : { folder: own.runtimeFolder })
  try {
    const session = await library.InferenceSession.create(own.model.bytes, sessionOptions(own.threads, true))
    return { library, session }
  } catch (cause) {
    throw appError('runtime.model-unusable', { model: own.name, problem: problemOf(cause) }, cause)
  }
}

async function giveBack({ model }: TrainingJob, { step, state, reports }: Position): Promise<void> {
  for (const { name, start: from } of model.state) {
    const data = state.get(name)
    if (from === 'parameter' && data) await tell({ kind: 'tensor', name, data })
  }
  const done = [...reports].map(([name, values]) => [name, values.slice(0, step)])
  const peakBytes = process.resourceUsage().maxRSS * 1024
  await tell({ kind: 'done', reports: Object.fromEntries(done), peakBytes })
}

function tell(message: FromTraining): Promise<void> {
  return send(process, message)
}

// How a training thread speaks to the one that started it: each hundredth of the work once, then the result.
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/errors.ts'
import type { TrainMessage } from './training-thread.ts'

/** This thread's job, and what it says of it. */
export interface TrainingPort<Job, Result> {
  readonly job: Job
  /** Reports a share of the work, 0..1; each hundredth once. */
  readonly tick: (share: number) => void
  /** Posts the result, its bytes without copying them. */
  finish(result: Result, bytes: Uint8Array): void
}

/** The port of a training thread; only such a thread has one. */
export function trainingPort<Job, Result>(): TrainingPort<Job, Result> {
  const port = parentPort
  assert(port, 'training runs in a worker thread')
  const post = (message: TrainMessage<Result>, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  let reported = 0
  return {
    job: workerData as Job,
    tick(share) {
      const hundredths = Math.floor(share * 100)
      if (hundredths <= reported) return
      reported = hundredths
      post({ kind: 'progress', hundredths })
    },
    finish: (result, bytes) => post({ kind: 'trained', result }, [bytes.buffer as ArrayBuffer]),
  }
}

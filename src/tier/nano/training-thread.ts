// Runs a training in a thread of its own: progress comes as it goes on, a cancelled one is ended at once.
import { appError, throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { startWorker } from '../../base/worker.ts'
import type { TableName } from '../../text/script.ts'
import type { NanoDescription } from './artefact.ts'
import type { LabelledTexts } from './corpus.ts'
import type { NanoFindings } from './train.ts'

/** What the thread is given. */
export interface TrainJob {
  readonly texts: LabelledTexts
  readonly table: TableName
  readonly seed: number
  /** Time that training may take; with it the result depends on the machine. */
  readonly budgetMs?: number
}

/** What the thread made. */
export interface Trained
  extends Pick<NanoDescription, 'mixture' | 'ngrams' | 'lengths' | 'usual' | 'tableFingerprint'> {
  readonly weights: Uint8Array
  readonly findings: NanoFindings
  readonly vocabularySize: number
}

/** What a training thread says. */
export type TrainMessage<Result> =
  | { readonly kind: 'progress'; readonly hundredths: number }
  | { readonly kind: 'trained'; readonly result: Result }

/** Trains in a worker; rejects with `cancelled` when the signal fires. */
export function trainInThread(job: TrainJob, options: WorkOptions): Promise<Trained> {
  return runTraining<Trained>(new URL('./train.worker.ts', import.meta.url), job, options)
}

/** Runs the worker at `url` with a job until it posts its result; rejects with `cancelled` when the signal fires. */
export async function runTraining<Result>(
  url: URL,
  job: unknown,
  { signal, progress }: WorkOptions,
): Promise<Result> {
  throwIfCancelled(signal, 'training')
  const worker = startWorker(url, { data: job, name: 'training' })
  let cancel = (): void => {}
  try {
    return await new Promise<Result>((resolve, reject) => {
      cancel = () => reject(appError('cancelled', { doing: 'training' }))
      signal?.addEventListener('abort', cancel, { once: true })
      worker.on('message', (message: TrainMessage<Result>) => {
        if (message.kind === 'trained') resolve(message.result)
        else progress?.({ stage: 'training', done: message.hundredths, total: 100 })
      })
      worker.on('error', reject)
      worker.on('exit', () =>
        reject(appError('internal.bug', { problem: 'the training thread ended early' })),
      )
    })
  } finally {
    signal?.removeEventListener('abort', cancel)
    await worker.terminate()
  }
}

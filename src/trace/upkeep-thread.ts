/** Removal of rows in a thread of its own, for a process that has calls to answer meanwhile. */
import { AppError } from '../base/errors.ts'
import { startWorker } from '../base/worker.ts'
import type { Removed, Store } from './store.ts'
import type { UpkeepData, UpkeepOutcome } from './upkeep.worker.ts'

/** The upkeep of an open store; each removal opens its file again in a thread that ends with it. */
export function upkeepInThread(storeFile: string, store: Pick<Store, 'upkeep'>): Store['upkeep'] {
  return {
    remove: (which) => inThread({ storeFile, work: { kind: 'remove', which } }),
    shrinkTo: (sizeBytes) => inThread({ storeFile, work: { kind: 'shrink', sizeBytes } }),
    sizeBytes: () => store.upkeep.sizeBytes(),
  }
}

function inThread(data: UpkeepData): Promise<Removed> {
  return new Promise((resolve, reject) => {
    const worker = startWorker(new URL('./upkeep.worker.ts', import.meta.url), { data, name: 'upkeep' })
    worker.on('message', (outcome: UpkeepOutcome) => {
      if (outcome.kind === 'removed') resolve(outcome.removed)
      else reject(errorOf(outcome))
    })
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)))
  })
}

function errorOf({ code, message, details }: Extract<UpkeepOutcome, { kind: 'failed' }>): Error {
  return code === undefined ? new Error(message) : new AppError(code, message, details)
}

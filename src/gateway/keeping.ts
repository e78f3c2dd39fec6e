/** Removes calls that are too old or too many while the gateway runs: looks now and then, and works in a thread that ends again. */
import type { Log } from '../base/log.ts'
import { startWorker } from '../base/worker.ts'
import type { KeepData } from '../trace/keep.worker.ts'
import type { KeepRules } from '../trace/keep-rules.ts'
import type { Removed } from '../trace/store.ts'

export interface KeepingOptions {
  readonly storeFile: string
  /** The rules of this moment; they may change while the gateway runs. */
  readonly rules: () => KeepRules
  readonly log: Log
  readonly everyMs?: number
}

/** Ten minutes: rules speak of days, and the thread reads the store's index each time. */
const lookEveryMs = 10 * 60_000

/** Begins to look after the store; returns the function that stops it, which waits for a removal under way. */
export function startKeeping(options: KeepingOptions): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let isBusy = false
  const look = (): void => {
    const rules = options.rules()
    if (isBusy || (rules.ageMs === undefined && rules.sizeBytes === undefined)) return
    isBusy = true
    running = keepOnce(options, rules).finally(() => {
      isBusy = false
    })
  }
  const timer = setInterval(look, options.everyMs ?? lookEveryMs)
  timer.unref()
  look()
  return async () => {
    clearInterval(timer)
    await running
  }
}

async function keepOnce({ storeFile, log }: KeepingOptions, rules: KeepRules): Promise<void> {
  try {
    const removed = await runThread({ storeFile, rules })
    if (removed.calls > 0) log.info({ ...removed }, 'calls that are not kept any longer were removed')
  } catch (cause) {
    log.error({ err: cause }, 'calls that should not be kept any longer could not be removed')
  }
}

function runThread(data: KeepData): Promise<Removed> {
  return new Promise((resolve, reject) => {
    const worker = startWorker(new URL('../trace/keep.worker.ts', import.meta.url), { data, name: 'keeping' })
    let removed: Removed | undefined
    worker.on('message', (message: Removed) => {
      removed = message
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (removed) resolve(removed)
      else reject(new Error(`the thread ended with code ${code}`))
    })
  })
}

/** Removes calls that are too old or too many while the gateway runs: looks now and then, and works in small steps. */
import type { Log } from '../base/log.ts'
import { applyKeepRules, type KeepRules } from '../trace/keep-rules.ts'
import type { Store } from '../trace/store.ts'

export interface KeepingOptions {
  /** One whose upkeep is in another thread. */
  readonly store: Pick<Store, 'upkeep'>
  /** The rules of this moment; they may change while the gateway runs. */
  readonly rules: () => KeepRules
  readonly log: Log
  readonly everyMs?: number
}

/** Ten minutes: rules speak of days, and each look reads the store's index of times. */
const lookEveryMs = 10 * 60_000

/** Begins to look after the store; returns the function that stops it, which waits for a removal under way. */
export function startKeeping(options: KeepingOptions): () => Promise<void> {
  let running: Promise<void> | undefined
  const look = (): void => {
    const rules = options.rules()
    if (running || (rules.ageMs === undefined && rules.sizeBytes === undefined)) return
    running = keepOnce(options, rules).finally(() => {
      running = undefined
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

async function keepOnce({ store, log }: KeepingOptions, rules: KeepRules): Promise<void> {
  try {
    const removed = await applyKeepRules(store, rules, Date.now())
    if (removed.calls > 0) log.info({ ...removed }, 'calls that are not kept any longer were removed')
  } catch (cause) {
    log.error({ err: cause }, 'calls that should not be kept any longer could not be removed')
  }
}

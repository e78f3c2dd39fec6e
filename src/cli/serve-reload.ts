/** Takes settings over while the gateway runs, when their file changes or the process gets SIGHUP: all of them or none. */
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { NewSettings } from '../gateway/live.ts'
import { reloadPlan } from '../gateway/reload-plan.ts'
import type { Serving } from '../gateway/serving.ts'
import { watchConfigurationFile } from '../pipeline/configuration-file.ts'

export interface ReloadOptions {
  readonly serving: Serving
  /** The file that was named, if one was. */
  readonly file: string | undefined
  /** Reads the settings as at the start; throws what is wrong with them. */
  readonly read: () => Promise<NewSettings>
  readonly log: Log
  /** Says something to the person at the terminal. */
  readonly note: (text: string) => void
}

/** Begins to follow; returns the function that stops it, which waits for a change under way. */
export function followSettings(options: ReloadOptions): () => Promise<void> {
  let reloading: Promise<void> = Promise.resolve()
  const reload = (): void => {
    reloading = reloading.then(() => reloadOnce(options))
  }
  const stopWatching = watchConfigurationFile(options.file, reload)
  process.on('SIGHUP', reload)
  return async () => {
    stopWatching()
    process.off('SIGHUP', reload)
    await reloading
  }
}

async function reloadOnce({ serving, read, log, note }: ReloadOptions): Promise<void> {
  try {
    const settings = await read()
    const { changed, needsStart } = reloadPlan(serving.configuration, settings.configuration)
    await serving.reconfigure(settings)
    serving.noteRefusedSettings(undefined)
    log.info({ changed, needsStart }, 'the settings were read again')
    note(describe(changed, needsStart))
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    serving.noteRefusedSettings(`The changed settings were not taken: ${problem}`)
    const code = cause instanceof AppError ? cause.code : undefined
    log.error({ code }, `The changed settings were not taken, those before go on: ${problem}`)
  }
}

function describe(changed: readonly string[], needsStart: readonly string[]): string {
  if (changed.length === 0) return 'The settings were read again; nothing has changed.'
  const live = changed.filter((path) => !needsStart.includes(path))
  return [
    ...(live.length === 0 ? [] : [`Changed now: ${live.join(', ')}.`]),
    ...(needsStart.length === 0 ? [] : [`Needs another start: ${needsStart.join(', ')}.`]),
  ].join(' ')
}

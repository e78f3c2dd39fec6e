/** What most commands need: the data folder, the store in it, the registry beside it, and how to be stopped. */
import { appError } from '../base/errors.ts'
import { openDiskRegistry } from '../registry/disk-registry.ts'
import type { Registry } from '../registry/registry.ts'
import { type Home, openHome } from '../trace/home.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import type { Store } from '../trace/store.ts'
import { createTerminal, type Terminal } from './terminal.ts'

export interface CommandContext {
  readonly home: Home
  readonly registry: Registry
  readonly terminal: Terminal
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal
  /** Opens the store at the first call. */
  store(): Promise<Store>
}

/** Runs a command's work with its context, closes what was opened, and makes the first Ctrl-C a clean stop. */
export async function withContext(
  options: { readonly json?: boolean },
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort(appError('cancelled', { doing: 'working' }))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const terminal = createTerminal({ json: options.json ?? false })
  let opened: Promise<Store> | undefined
  try {
    const home = await openHome({ environment: process.env, workingFolder: process.cwd() })
    await work({
      home,
      registry: openDiskRegistry(home.registryFolder),
      terminal,
      signal: stopping.signal,
      store: () => (opened ??= openLibsqlStore({ path: home.storeFile })),
    })
  } finally {
    terminal.endProgress()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    await (await opened)?.close()
  }
}

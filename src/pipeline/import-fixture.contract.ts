/** A store and files of its own for the tests of imports. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type TaskId, taskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import { meterCall } from '../meter/ledger-row.ts'
import { priceTable } from '../meter/prices.ts'
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import type { Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { type ImportOptions, type ImportOutcome, importFiles } from './import.ts'

export interface ImportFixture {
  readonly task: TaskId
  /** The store of the test that runs. */
  store(): Store
  put(name: string, content: string | Uint8Array): Promise<string>
  bring(files: readonly string[], more?: Partial<ImportOptions>): Promise<ImportOutcome>
  stored(task?: TaskId): Promise<readonly Example[]>
  calls(): Promise<readonly Call[]>
}

/** Objects as lines of JSON. */
export function jsonLinesOf(...objects: readonly unknown[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}

/** A fresh store and folder for each test. */
export function importFixture(): ImportFixture {
  let folder = ''
  let store: Store
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-formats-'))
    store = await openLibsqlStore({ path: join(folder, 'store.db') })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const task = taskId('formats')
  return {
    task,
    store: () => store,
    put: async (name, content) => {
      const file = join(folder, name)
      await writeFile(file, content)
      return file
    },
    bring: (files, more = {}) =>
      importFiles(store, files, {
        task,
        mask: maskedText,
        maskBody: maskJsonText,
        ledgerRow: (call) => meterCall(call, { prices: priceTable() }),
        ...more,
      }),
    stored: (of = task) => all(store.examples.iterate(of)),
    calls: () => all(store.calls.iterate({ task })),
  }
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

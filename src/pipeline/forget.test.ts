import { expect, test } from 'vitest'
import type { SpecialistId } from '../base/ids.ts'
import { exampleId } from '../data/example-set.ts'
import type { Registry } from '../registry/registry.ts'
import type { Store } from '../trace/store.ts'
import { keptCall, mailTask } from '../trace/store-fixtures.contract.ts'
import { forget } from './forget.ts'

const task = {
  ...mailTask,
  template: { messages: [{ role: 'user' as const, constants: ['Mail: ', ''], slots: ['text'] }] },
}
const request = (text: string): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `Mail: ${text}` }] })

/** A registry of two versions, of which the second alone has a row of the text. */
function registryWith(text: string): Registry {
  const rows = (texts: readonly string[]): Uint8Array =>
    Buffer.from(texts.map((one) => `${exampleId({ kind: 'text', text: one })}\n`).join(''))
  const record: { readonly [id: string]: Uint8Array } = {
    [`${task.id}@1`]: rows(['another']),
    [`${task.id}@2`]: rows(['another', text]),
  }
  return {
    versions: async () => [1, 2],
    describe: async (id: SpecialistId) => ({ manifest: { id, task, files: { 'rows/train': {} } } }),
    files: async (id: SpecialistId) => new Map([['rows/train', record[id]]]),
  } as never
}

test('versions that were trained with a row of the calls are named, whichever of the calls was of the task', async () => {
  const { task: _, ...unknown } = keptCall(1, { request: request('my secret') }).call
  const calls = [unknown, keptCall(2, { request: request('else') }).call]
  const removed = { calls: 2, examples: 0, corrections: 0 }
  const store = {
    calls: {
      async *iterate() {
        yield* calls
      },
    },
    upkeep: { remove: async () => removed },
  } as unknown as Store
  const done = await forget({ store, registry: registryWith('my secret') }, { endUser: 'ada' })
  expect(done).toEqual({ ...removed, specialists: [`${task.id}@2`] })
  const other = await forget({ store, registry: registryWith('no such') }, { endUser: 'ada' })
  expect(other.specialists).toEqual([])
})

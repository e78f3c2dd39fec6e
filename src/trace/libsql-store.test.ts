import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Migrator } from 'kysely/migration'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLibsqlConnection } from './libsql-connection.ts'
import { openLibsqlStore } from './libsql-store.ts'
import { migrations, storeVersion } from './migrations.ts'
import { storeContract } from './store.contract.ts'
import { collect, keptCall, mailTask, textExample } from './store-fixtures.contract.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-store-'))
  path = join(folder, 'store.db')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the libsql store', () => {
  storeContract(async () => {
    const own = await mkdtemp(join(tmpdir(), 'shoal-store-'))
    return {
      open: (clock) => openLibsqlStore({ path: join(own, 'store.db'), ...(clock && { clock }) }),
      remove: () => rm(own, { recursive: true }),
    }
  })
})

/** Makes a store with one call in it. */
async function makeStore(): Promise<ReturnType<typeof keptCall>> {
  const store = await openLibsqlStore({ path })
  const kept = keptCall(1)
  await store.calls.append([kept])
  await store.close()
  return kept
}

describe('files that are not a store of today', () => {
  test('a store from the future is refused by its version and is not changed', async () => {
    await makeStore()
    const database = new Database(path)
    database.exec(`PRAGMA user_version = ${storeVersion + 3}`)
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
    database.close()
    const before = await readFile(path)
    await expect(openLibsqlStore({ path })).rejects.toMatchObject({
      code: 'store.newer',
      message: expect.stringContaining(
        `its version is ${storeVersion + 3}, this Shoal knows up to ${storeVersion}`,
      ),
    })
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  test('a file of bytes is called damaged', async () => {
    await writeFile(path, 'no database at all. '.repeat(500))
    await expect(openLibsqlStore({ path })).rejects.toMatchObject({ code: 'store.corrupt' })
  })

  test('a store whose pages were overwritten is called damaged when they are read', async () => {
    const store = await openLibsqlStore({ path })
    await store.calls.append(Array.from({ length: 500 }, (_, i) => keptCall(i, { request: 'x'.repeat(500) })))
    await store.close()
    const bytes = await readFile(path)
    bytes.fill(0xa5, (bytes.length >> 13) * 4096)
    await writeFile(path, bytes)
    const damaged = await openLibsqlStore({ path })
    await expect(collect(damaged.calls.iterate())).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining(path),
    })
    await damaged.close().catch(() => undefined)
  })

  test("another program's database is not touched", async () => {
    const database = new Database(path)
    database.exec('CREATE TABLE recipes (title TEXT)')
    database.close()
    await expect(openLibsqlStore({ path })).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining('it is a database of another program'),
    })
    const tables = new Database(path).prepare('SELECT name FROM sqlite_master').all()
    expect(tables).toMatchObject([{ name: 'recipes' }])
  })

  test('a folder that is not there, and a folder in place of the file, are named', async () => {
    for (const wrong of [join(folder, 'none', 'store.db'), folder])
      await expect(openLibsqlStore({ path: wrong })).rejects.toMatchObject({
        code: 'store.unusable',
        message: expect.stringContaining(wrong),
      })
  })

  const isRoot = process.getuid?.() === 0
  test.skipIf(isRoot)('a file without permissions is refused (not for root, who may read all)', async () => {
    await makeStore()
    await chmod(path, 0)
    await expect(openLibsqlStore({ path })).rejects.toMatchObject({ code: 'store.unusable' })
  })
})

describe('opening to read', () => {
  test('needs a file and says how one comes to be', async () => {
    await expect(openLibsqlStore({ path, readonly: true })).rejects.toMatchObject({
      code: 'store.missing',
      message: expect.stringContaining('shoal serve'),
    })
  })

  test('reads what another keeps and writes nothing', async () => {
    const kept = await makeStore()
    const store = await openLibsqlStore({ path, readonly: true })
    expect(await store.calls.get(kept.call.id)).toEqual(kept.call)
    await expect(store.calls.append([keptCall(2)])).rejects.toMatchObject({ code: 'store.unusable' })
    await expect(store.tasks.put(mailTask)).rejects.toMatchObject({ code: 'store.unusable' })
    await store.close()
  })
})

test('stores opened at once by many make the tables once', async () => {
  const stores = await Promise.all(Array.from({ length: 6 }, () => openLibsqlStore({ path })))
  await Promise.all(stores.map((store, i) => store.calls.append([keptCall(i)])))
  expect(await stores[0]!.calls.count()).toBe(6)
  for (const store of stores) await store.close()
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0
test.skipIf(!canMount)(
  'a disk that is really full refuses whole batches, keeps what it had, and goes on when there is room (needs root and Linux)',
  async (context) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'pipe' })
    } catch {
      context.skip('a container may be root and still not be allowed to mount')
    }
    try {
      const store = await openLibsqlStore({ path })
      const ballast = join(folder, 'ballast')
      await writeFile(ballast, Buffer.alloc(1_000_000))
      const batch = (at: number) =>
        Array.from({ length: 50 }, (_, i) => keptCall(at + i, { request: 'x'.repeat(4000) }))
      let kept = 0
      const fill = async (): Promise<void> => {
        for (;;) {
          await store.calls.append(batch(kept))
          kept += 50
        }
      }
      await expect(fill()).rejects.toMatchObject({
        code: 'disk.full',
        message: expect.stringContaining(path),
      })
      expect(await store.calls.count()).toBe(kept)
      const staged = await store.examples.stage(mailTask.id, 'big.csv').catch((cause: unknown) => cause)
      if (!(staged instanceof Error))
        await expect(
          (async () => {
            const { add, commit } = staged as Awaited<ReturnType<typeof store.examples.stage>>
            await add(Array.from({ length: 3000 }, (_, i) => textExample(`${i} ${'y'.repeat(400)}`, 'a')))
            await commit()
          })(),
        ).rejects.toMatchObject({ code: 'disk.full' })
      expect(await store.examples.count(mailTask.id)).toBe(0)
      await rm(ballast)
      await store.calls.append(batch(kept))
      expect(await store.calls.count()).toBe(kept + 50)
      await store.close()
    } finally {
      execFileSync('umount', ['-l', folder])
    }
  },
)

test('an import whose process is killed leaves nothing to be seen, and the file is sound', async () => {
  const program = join(folder, 'program.mts')
  const home = new URL('.', import.meta.url).href
  await writeFile(
    program,
    `import { openLibsqlStore } from '${home}libsql-store.ts'
     import { mailTask, textExample } from '${home}store-fixtures.contract.ts'
     const store = await openLibsqlStore({ path: ${JSON.stringify(path)} })
     const staged = await store.examples.stage(mailTask.id, 'killed.csv')
     for (let at = 0; ; at += 1000) {
       await staged.add(Array.from({ length: 1000 }, (_, i) => textExample('text ' + (at + i), 'a')))
       process.send(at)
       await new Promise(setImmediate)
     }`,
  )
  const child = fork(program, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve) => child.on('message', (at) => Number(at) >= 20_000 && resolve()))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = await openLibsqlStore({ path })
  expect(await store.examples.count(mailTask.id)).toBe(0)
  const staged = await store.examples.stage(mailTask.id, 'again.csv')
  await staged.add(Array.from({ length: 5000 }, (_, i) => textExample(`text ${i}`, 'a')))
  expect(await staged.commit()).toEqual({ added: 5000, repeated: 0 })
  await store.close()
  const [check] = new Database(path).prepare('PRAGMA integrity_check').all() as { integrity_check: string }[]
  expect(check?.integrity_check).toBe('ok')
})

describe('a store of version 1', () => {
  /** Makes the tables that the first release made, with rows in them as it wrote them. */
  async function makeFirstStore(): Promise<void> {
    const connection = openLibsqlConnection(path, { create: true })
    const first = { '0001-first': migrations['0001-first']! }
    const { error } = await new Migrator({
      db: connection.queries,
      provider: { getMigrations: async () => first },
    }).migrateToLatest()
    if (error) throw error
    connection.exec(`PRAGMA user_version = 1; PRAGMA application_id = ${0x53484f4c};
      INSERT INTO tasks VALUES ('mail', '${JSON.stringify(mailTask)}', 5);
      INSERT INTO imports VALUES (1, 'mail', 'rows.csv', 'done', 1, 2, 1, 0);
      INSERT INTO examples VALUES (1, 1, 'k', 'id-1', '{"kind":"text","text":"buy"}', '{"kind":"labels","labels":["spam"]}', NULL, 'gold', 1, NULL);
      INSERT INTO calls VALUES (1, 'call_1', 0, 7, 'POST', '/v1/chat/completions', 'openai-chat', 'mail', 'big-1', 'upstream', 'no specialist',
        NULL, 0, 200, '{"q":1}', '{"a":1}', 10, 2, NULL, 'reported', 12.5, NULL, NULL, NULL);
      INSERT INTO ledger VALUES ('call_1', 0, 7, 'mail', 'upstream', 10, 2, 'reported', 0.5, 0, '2026-01-01', 12.5, 0);`)
    connection.close()
  }

  test('comes up to date with all its rows, and takes what today keeps', async () => {
    await makeFirstStore()
    const store = await openLibsqlStore({ path })
    expect(await store.tasks.list()).toEqual([mailTask])
    expect(await collect(store.examples.iterate(mailTask.id))).toEqual([
      {
        ...{ id: 'id-1', source: 'gold', weight: 1 },
        input: { kind: 'text', text: 'buy' },
        output: { kind: 'labels', labels: ['spam'] },
      },
    ])
    expect(await collect(store.calls.iterate({ audits: false }))).toMatchObject([
      { id: 'call_1', atMs: 7, request: '{"q":1}', usage: { promptTokens: 10, source: 'reported' } },
    ])
    expect(await store.ledger.totals()).toMatchObject({ calls: 1, costUsd: 0.5, unpriced: 0 })
    const kept = keptCall(9, { endUser: 'ada' })
    await store.calls.append([kept])
    expect(await store.calls.get(kept.call.id)).toEqual(kept.call)
    expect((await store.upkeep.remove({ endUser: 'ada' })).calls).toBe(1)
    await store.close()
    expect(new Database(path).prepare('PRAGMA auto_vacuum').all()).toEqual([{ auto_vacuum: 2 }])
    const again = await openLibsqlStore({ path })
    expect(await again.calls.count()).toBe(1)
    await again.close()
  })
})

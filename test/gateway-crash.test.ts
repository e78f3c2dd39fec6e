/** `kill -9` under load loses no answered call with strict durability, and without it only the very last ones. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { type CrashResult, crashRound } from './support/crash-round.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'

/** 4 in CI, since `crash.test.ts` kills strict gateways too; SHOAL_CRASH_ROUNDS=100 for the whole of it. */
const rounds = Number(process.env['SHOAL_CRASH_ROUNDS'] ?? 4)
const lanes = 2
/** The promise is 20 ms; a commit may wait for the disk and for a core on a busy machine. */
const groupSlackMs = 500

let folder: string
let upstream: FakeUpstream

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-crash-'))
  upstream = await fakeUpstream()
})
afterAll(async () => {
  await upstream.close()
  await rm(folder, { recursive: true })
})

/** Rounds one after the other on one store, so that each begins with what the kill before it left. */
async function lane(name: string, durability: 'group' | 'strict', count: number): Promise<CrashResult[]> {
  const random = seededRandom(name.length * 31 + count)
  const results: CrashResult[] = []
  for (let at = 0; at < count; at++) {
    results.push(
      await crashRound({
        storeFile: join(folder, `${name}.db`),
        upstream: upstream.url.href,
        durability,
        killAfter: 20 + random.below(300),
      }),
    )
  }
  return results
}

test(`${rounds} rounds of kill -9 with strict durability lose no answered call`, async () => {
  const each = Math.ceil(rounds / lanes)
  const results = (
    await Promise.all(Array.from({ length: lanes }, (_, at) => lane(`strict-${at}`, 'strict', each)))
  ).flat()
  expect(results.flatMap((result) => result.lostAgesMs)).toEqual([])
  expect(results.reduce((sum, result) => sum + result.answered, 0)).toBeGreaterThanOrEqual(rounds * 20)
}, 600_000)

test('without it only calls of the last moment are lost', async () => {
  const [result] = await lane('group', 'group', 1)
  expect(result!.answered).toBeGreaterThanOrEqual(20)
  expect(Math.max(0, ...result!.lostAgesMs)).toBeLessThan(groupSlackMs)
}, 60_000)

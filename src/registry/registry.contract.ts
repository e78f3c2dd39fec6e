/** What every registry must do; each implementation runs this suite on registries of its own. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import { createScratch } from '../base/scratch.ts'
import type { Task } from '../task/types.ts'
import type { Artefact } from '../tier/tier.ts'
import { specialistDigest } from './manifest-file.ts'
import type { Registry } from './registry.ts'

export interface RegistryUnderTest {
  /** Opens the same registry again, as another process would. */
  open(): Registry
  remove(): Promise<void>
}

export const mailTask: Task = {
  id: taskId('mail'),
  kind: 'classification',
  space: { kind: 'labels', labels: ['ham', 'spam'], multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.02, delta: 0.05 },
  masked: true,
  paused: false,
}

/** An artefact whose bytes depend on a number. */
export function artefact(seed: number): Artefact {
  return {
    tier: 'nano',
    taskKind: 'classification',
    files: new Map([
      ['head.bin', Uint8Array.from({ length: 5000 }, (_, i) => (i * seed) & 255)],
      ['shared.bin', new Uint8Array(1000).fill(7)],
    ]),
    meta: { dim: 256, seed },
    heldAside: [],
  }
}

const first = specialistId(mailTask.id, 1)
const second = specialistId(mailTask.id, 2)
const third = specialistId(mailTask.id, 3)

/** Runs the suite; `make` gives an empty registry of its own to each test. */
export function registryContract(make: () => Promise<RegistryUnderTest>): void {
  let under: RegistryUnderTest
  let registry: Registry
  beforeEach(async () => {
    under = await make()
    registry = under.open()
  })
  afterEach(() => under.remove())
  const publish = (seed: number) => registry.publish(mailTask, artefact(seed), (id) => ({ of: id }))

  describe('publishing', () => {
    test('versions count from 1 and each knows its id, files and card', async () => {
      expect(await registry.versions(mailTask.id)).toEqual([])
      const manifest = await publish(1)
      expect(manifest).toMatchObject({
        format: 1,
        id: first,
        tier: 'nano',
        card: { of: first },
        task: mailTask,
      })
      expect((await publish(2)).id).toBe(second)
      expect(await registry.versions(mailTask.id)).toEqual([1, 2])
    })

    test('a version is loaded as it was published, by any process', async () => {
      const manifest = await publish(3)
      const loaded = await under.open().load(manifest.id)
      expect(loaded.manifest).toEqual(manifest)
      expect([...loaded.files.keys()].sort()).toEqual(['head.bin', 'shared.bin'])
      for (const [name, data] of artefact(3).files)
        expect(Buffer.from(loaded.files.get(name)!).equals(data)).toBe(true)
    })

    test('what is known of a version comes without its files, and those that are asked for, also into scratch memory', async () => {
      const manifest = await publish(3)
      const described = await registry.describe(manifest.id)
      expect(described).toEqual({ manifest, digest: specialistDigest(artefact(3)) })
      const head = { 'head.bin': manifest.files['head.bin']! }
      const scratch = createScratch()
      for (let round = 0; round < 3; round++) {
        const files = await registry.files(manifest.id, head, scratch)
        expect([...files.keys()]).toEqual(['head.bin'])
        expect(Buffer.from(files.get('head.bin')!).equals(artefact(3).files.get('head.bin')!)).toBe(true)
        scratch.reset()
      }
      const missing = { 'head.bin': { sha256: sha256('nothing'), sizeBytes: 7 } }
      await expect(registry.files(manifest.id, missing, scratch)).rejects.toMatchObject({
        code: 'registry.file-missing',
      })
    })

    test('the digest is known before publishing and tells artefacts apart', async () => {
      const loaded = await registry.load((await publish(3)).id)
      expect(loaded.digest).toBe(specialistDigest(artefact(3)))
      expect(specialistDigest(artefact(4))).not.toBe(loaded.digest)
    })

    test('versions published at once get different numbers', async () => {
      const seeds = Array.from({ length: 12 }, (_, i) => i)
      const registries = [under.open(), under.open(), under.open()]
      const manifests = await Promise.all(
        seeds.map((seed) => registries[seed % 3]!.publish(mailTask, artefact(seed), () => ({ seed }))),
      )
      expect(new Set(manifests.map((manifest) => manifest.id)).size).toBe(12)
      expect(await registry.versions(mailTask.id)).toEqual(seeds.map((seed) => seed + 1))
      for (const manifest of manifests) expect((await registry.load(manifest.id)).manifest).toEqual(manifest)
    })

    test('a card that cannot be written leaves no version', async () => {
      const failing = registry.publish(mailTask, artefact(1), () => {
        throw new Error('no card')
      })
      await expect(failing).rejects.toThrow('no card')
      expect(await registry.versions(mailTask.id)).toEqual([])
      expect((await publish(1)).id).toBe(first)
    })

    test('a version that is not there is refused with the ones that are', async () => {
      await publish(1)
      await publish(2)
      await expect(registry.load(specialistId(mailTask.id, 9))).rejects.toMatchObject({
        code: 'registry.version-unknown',
        message: expect.stringContaining('mail@9. Versions of mail: 1, 2.'),
      })
    })
  })

  describe('promoting', () => {
    test('nothing serves before a promotion; then the promoted version does, for every process', async () => {
      await publish(1)
      expect(await registry.promoted(mailTask.id)).toBeUndefined()
      await registry.promote(first)
      expect(await under.open().promoted(mailTask.id)).toBe(first)
    })

    test('a version that is not there cannot be promoted and the pointer stays', async () => {
      await publish(1)
      await registry.promote(first)
      await expect(registry.promote(second)).rejects.toMatchObject({ code: 'registry.version-unknown' })
      expect(await registry.promoted(mailTask.id)).toBe(first)
    })

    test('rolling back goes back step by step, at last to nothing, and then says so', async () => {
      for (const seed of [1, 2, 3]) await registry.promote((await publish(seed)).id)
      await registry.promote(third)
      expect(await registry.rollback(mailTask.id)).toBe(second)
      expect(await registry.rollback(mailTask.id)).toBe(first)
      expect(await registry.rollback(mailTask.id)).toBeUndefined()
      expect(await registry.promoted(mailTask.id)).toBeUndefined()
      await expect(registry.rollback(mailTask.id)).rejects.toMatchObject({
        code: 'registry.nothing-before',
        message: expect.stringContaining('Name one: 1, 2, 3.'),
      })
    })

    test('rolling back to a named version forgets what was promoted after it', async () => {
      for (const seed of [1, 2, 3]) await registry.promote((await publish(seed)).id)
      expect(await registry.rollback(mailTask.id, first)).toBe(first)
      expect(await registry.rollback(mailTask.id)).toBeUndefined()
    })

    test('promotions at once leave one of them serving and all in the history', async () => {
      const ids: SpecialistId[] = []
      for (const seed of [1, 2, 3, 4]) ids.push((await publish(seed)).id)
      await Promise.all(ids.map((id) => under.open().promote(id)))
      const seen = new Set([await registry.promoted(mailTask.id)])
      for (let i = 0; i < 3; i++) seen.add(await registry.rollback(mailTask.id))
      expect([...seen].sort()).toEqual(ids)
    })
  })

  demotionTests(() => ({ registry, under, publish }))

  describe('watching', () => {
    test('every move by another process is noticed within a second, and none after stopping', async () => {
      for (const seed of [1, 2]) await publish(seed)
      const seen: (SpecialistId | undefined)[] = []
      const stop = registry.watch((task, serving) => {
        expect(task).toBe(mailTask.id)
        seen.push(serving)
      })
      const other = under.open()
      await other.promote(first)
      await expect.poll(() => seen, { timeout: 1000, interval: 10 }).toEqual([first])
      await other.promote(second)
      await expect.poll(() => seen, { timeout: 1000, interval: 10 }).toEqual([first, second])
      await other.rollback(mailTask.id)
      await other.rollback(mailTask.id)
      await expect.poll(() => seen.at(-1), { timeout: 1000, interval: 10 }).toBeUndefined()
      stop()
      const before = seen.length
      await other.promote(second)
      await new Promise((resolve) => setTimeout(resolve, 600))
      expect(seen).toHaveLength(before)
    })

    test('what served when the watch began is not called a move', async () => {
      await registry.promote((await publish(1)).id)
      const seen: unknown[] = []
      const stop = registry.watch((_, serving) => seen.push(serving))
      await new Promise((resolve) => setTimeout(resolve, 600))
      stop()
      expect(seen).toEqual([])
    })
  })
}

interface CurrentRegistry {
  readonly registry: Registry
  readonly under: RegistryUnderTest
  readonly publish: (seed: number) => Promise<unknown>
}

function demotionTests(current: () => CurrentRegistry): void {
  describe('demoting', () => {
    const why = '5 of 40 audited calls were wrong'

    test('leaves nothing serving and says what served, why not any more, and since when, to every process', async () => {
      const { registry, under, publish } = current()
      await publish(1)
      await registry.promote(first)
      expect(await registry.demotion(mailTask.id)).toBeUndefined()
      await registry.demote(mailTask.id, why)
      const other = under.open()
      expect(await other.promoted(mailTask.id)).toBeUndefined()
      const demotion = await other.demotion(mailTask.id)
      expect(demotion).toMatchObject({ was: first, why })
      expect(Date.parse(demotion!.at)).toBeGreaterThan(0)
    })

    test('of one version alone leaves another that serves by now', async () => {
      const { registry, publish } = current()
      for (const seed of [1, 2]) await publish(seed)
      await registry.promote(second)
      await registry.demote(mailTask.id, why, first)
      expect(await registry.promoted(mailTask.id)).toBe(second)
      await registry.demote(mailTask.id, why, second)
      expect(await registry.demotion(mailTask.id)).toMatchObject({ was: second })
    })

    test('and every other move leaves its time', async () => {
      const { registry, publish } = current()
      await publish(1)
      expect(await registry.movedAt(mailTask.id)).toBeUndefined()
      await registry.promote(first)
      const at = await registry.movedAt(mailTask.id)
      expect(Math.abs(Date.parse(at!) - Date.now())).toBeLessThan(60_000)
    })

    test('is forgotten by the next promotion, also of the same version', async () => {
      const { registry, publish } = current()
      await publish(1)
      await registry.promote(first)
      await registry.demote(mailTask.id, why)
      await registry.promote(first)
      expect(await registry.promoted(mailTask.id)).toBe(first)
      expect(await registry.demotion(mailTask.id)).toBeUndefined()
    })

    test('is followed, when rolled back, by what served before the demoted version', async () => {
      const { registry, publish } = current()
      for (const seed of [1, 2]) await publish(seed)
      await registry.promote(first)
      await registry.promote(second)
      await registry.demote(mailTask.id, why)
      expect(await registry.rollback(mailTask.id)).toBe(first)
      expect(await registry.demotion(mailTask.id)).toBeUndefined()
    })

    test('of a task where nothing serves changes nothing, and the first reason stands', async () => {
      const { registry, publish } = current()
      await registry.demote(mailTask.id, why)
      expect(await registry.demotion(mailTask.id)).toBeUndefined()
      await publish(1)
      await registry.promote(first)
      await registry.demote(mailTask.id, why)
      await registry.demote(mailTask.id, 'later')
      expect(await registry.demotion(mailTask.id)).toMatchObject({ was: first, why })
    })

    test('is told to watchers', async () => {
      const { registry, under, publish } = current()
      await publish(1)
      await registry.promote(first)
      const seen: unknown[] = []
      const stop = registry.watch((_, serving) => seen.push(serving))
      await under.open().demote(mailTask.id, why)
      await expect.poll(() => seen, { timeout: 1000, interval: 10 }).toEqual([undefined])
      stop()
    })
  })
}

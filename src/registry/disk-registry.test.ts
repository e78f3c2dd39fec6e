import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { specialistId } from '../base/ids.ts'
import { type WriteNewFile, writeNewFile } from './disk.ts'
import { openDiskRegistry } from './disk-registry.ts'
import { blobPath, manifestPath, servingPath } from './layout.ts'
import { artefact, mailTask, registryContract } from './registry.contract.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-registry-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the registry on disk', () => {
  registryContract(async () => {
    const own = await mkdtemp(join(tmpdir(), 'shoal-registry-'))
    return { open: () => openDiskRegistry(own), remove: () => rm(own, { recursive: true }) }
  })
})

const first = specialistId(mailTask.id, 1)
const card = () => null

/** Names of all files under the folder. */
async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function flipBit(path: string, byte: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[byte]! ^= 4
  await writeFile(path, bytes)
}

describe('damage', () => {
  test('a file with one bit flipped is never loaded or promoted; the error names it, got and expected', async () => {
    const registry = openDiskRegistry(folder)
    const manifest = await registry.publish(mailTask, artefact(3), card)
    const { sha256: digest } = manifest.files['head.bin']!
    const path = blobPath(folder, digest)
    await flipBit(path, 1234)
    const got = sha256(await readFile(path))
    for (const attempt of [() => registry.load(first), () => registry.promote(first)])
      await expect(attempt()).rejects.toMatchObject({
        code: 'registry.digest-mismatch',
        message: `head.bin of mail@1 (${path}) is damaged: its SHA-256 is ${got}, expected ${digest}. It was not loaded. Train again, or put back a copy of the file.`,
      })
    expect(await registry.promoted(mailTask.id)).toBeUndefined()
  })

  test('publishing the same bytes again mends a damaged file', async () => {
    const registry = openDiskRegistry(folder)
    const { files } = await registry.publish(mailTask, artefact(3), card)
    await flipBit(blobPath(folder, files['head.bin']!.sha256), 0)
    await registry.publish(mailTask, artefact(3), card)
    expect((await registry.load(first)).manifest.id).toBe(first)
  })

  test('a changed manifest is refused, whatever was changed in it', async () => {
    const registry = openDiskRegistry(folder)
    await registry.publish(mailTask, artefact(3), () => ({ threshold: 0.93 }))
    const path = manifestPath(folder, mailTask.id, 1)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('0.93', '0.13'))
    await expect(registry.load(first)).rejects.toMatchObject({ code: 'registry.digest-mismatch' })
    await writeFile(path, text.slice(0, 100))
    await expect(registry.load(first)).rejects.toMatchObject({ code: 'registry.manifest-invalid' })
  })

  test('a missing file is named', async () => {
    const registry = openDiskRegistry(folder)
    const { files } = await registry.publish(mailTask, artefact(3), card)
    await rm(blobPath(folder, files['shared.bin']!.sha256))
    await expect(registry.load(first)).rejects.toMatchObject({
      code: 'registry.file-missing',
      message: expect.stringContaining('shared.bin of mail@1'),
    })
  })

  test('a pointer that is no pointer is refused by name and does not disturb a watcher', async () => {
    const registry = openDiskRegistry(folder)
    await registry.publish(mailTask, artefact(3), card)
    await registry.promote(first)
    const seen: unknown[] = []
    const stop = registry.watch((_, serving) => seen.push(serving))
    await writeFile(servingPath(folder, mailTask.id), '{')
    await expect(registry.promoted(mailTask.id)).rejects.toMatchObject({ code: 'registry.manifest-invalid' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    stop()
    expect(seen).toEqual([])
  })
})

describe('a full disk and crashes', () => {
  const noSpace = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

  test('whichever write meets a full disk, nothing is visible, nothing is left over, and it works afterwards', async () => {
    for (const failing of [1, 2, 3]) {
      const own = join(folder, String(failing))
      let writes = 0
      const write: WriteNewFile = async (path, data) => {
        if (++writes === failing) {
          await writeNewFile(path, 'half of it')
          throw noSpace()
        }
        await writeNewFile(path, data)
      }
      const registry = openDiskRegistry(own, { write })
      await expect(registry.publish(mailTask, artefact(failing), card)).rejects.toMatchObject({
        code: 'disk.full',
      })
      expect(await registry.versions(mailTask.id)).toEqual([])
      expect((await filesUnder(own)).filter((path) => /tmp|manifest/.test(path.slice(own.length)))).toEqual(
        [],
      )
      expect((await registry.publish(mailTask, artefact(failing), card)).id).toBe(first)
      await registry.promote(first)
      expect(await registry.promoted(mailTask.id)).toBe(first)
    }
  })

  test('a process that is gone in the middle of publishing leaves nothing visible and its number is not used twice', async () => {
    let reached: () => void
    const manifestReached = new Promise<void>((resolve) => {
      reached = resolve
    })
    const dead: WriteNewFile = async (path, data) => {
      if (typeof data !== 'string') return writeNewFile(path, data)
      reached()
      return new Promise(() => undefined)
    }
    void openDiskRegistry(folder, { write: dead }).publish(mailTask, artefact(1), card)
    await manifestReached
    const registry = openDiskRegistry(folder)
    expect(await registry.versions(mailTask.id)).toEqual([])
    await expect(registry.load(first)).rejects.toMatchObject({ code: 'registry.version-unknown' })
    expect((await registry.publish(mailTask, artefact(1), card)).id).toBe('mail@2')
    expect(await registry.versions(mailTask.id)).toEqual([2])
  })

  test('temporary files of a process that is gone are swept, those of a living one are not', async () => {
    await mkdir(join(folder, 'tmp'), { recursive: true })
    for (const name of ['old.tmp', 'new.tmp']) await writeFile(join(folder, 'tmp', name), 'x')
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    await utimes(join(folder, 'tmp', 'old.tmp'), longAgo, longAgo)
    await openDiskRegistry(folder).publish(mailTask, artefact(1), card)
    expect(await readdir(join(folder, 'tmp'))).toEqual(['new.tmp'])
  })

  test('a promotion that cannot be written leaves the pointer and lets the next one through', async () => {
    await openDiskRegistry(folder).publish(mailTask, artefact(1), card)
    const full = openDiskRegistry(folder, { write: () => Promise.reject(noSpace()) })
    await expect(full.promote(first)).rejects.toMatchObject({ code: 'disk.full' })
    const registry = openDiskRegistry(folder)
    expect(await registry.promoted(mailTask.id)).toBeUndefined()
    await registry.promote(first)
    expect(await registry.promoted(mailTask.id)).toBe(first)
  })

  test('the lock of a process that was killed while it moved a pointer is taken over', async () => {
    const registry = openDiskRegistry(folder)
    await registry.publish(mailTask, artefact(1), card)
    await mkdir(join(folder, 'serving'))
    const lock = `${servingPath(folder, mailTask.id)}.lock`
    // Long ago, and in the future as it looks after the clock was set back.
    for (const awayMs of [-60_000, 3_600_000]) {
      await writeFile(lock, '')
      const then = new Date(Date.now() + awayMs)
      await utimes(lock, then, then)
      await registry.promote(first)
      expect(await registry.promoted(mailTask.id)).toBe(first)
    }
  })

  const canMount = process.platform === 'linux' && process.getuid?.() === 0
  test.skipIf(!canMount)(
    'a disk that is really full (needs root and Linux, for a tiny tmpfs)',
    async (context) => {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'pipe' })
      } catch {
        context.skip('a container may be root and still not be allowed to mount')
      }
      try {
        const registry = openDiskRegistry(folder)
        const small = await registry.publish(mailTask, artefact(1), card)
        const big = { ...artefact(2), files: new Map([['big.bin', new Uint8Array(100_000).fill(1)]]) }
        await expect(registry.publish(mailTask, big, card)).rejects.toMatchObject({ code: 'disk.full' })
        expect(await registry.versions(mailTask.id)).toEqual([1])
        expect((await registry.load(small.id)).manifest).toEqual(small)
        expect(await readdir(join(folder, 'tmp'))).toEqual([])
      } finally {
        execFileSync('umount', [folder])
      }
    },
  )
})

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { FileTree } from '../sources/file-tree.ts'
import { openSource } from '../sources/open-source.ts'
import { stagingFolder } from './base-layout.ts'
import { listBases } from './base-store.ts'
import { pullBase } from './pull-base.ts'
import { tinyBaseFiles, writeFiles } from './tiny-base.contract.ts'

vi.mock(import('../sources/open-source.ts'), async (original) => {
  const real = await original()
  return { openSource: vi.fn(real.openSource) }
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'full-disk-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('a disk that fills up while a model is pulled is named, nothing of it stays, and what was there before is whole', async () => {
  const options = { registryFolder: join(folder, 'registry'), downloadsFolder: folder, environment: {} }
  const first = await writeFiles(join(folder, 'first'), await tinyBaseFiles())
  const { manifest } = await pullBase(first, options)
  const second = await writeFiles(join(folder, 'second'), await tinyBaseFiles(1))
  const { openSource: real } =
    await vi.importActual<typeof import('../sources/open-source.ts')>('../sources/open-source.ts')
  vi.mocked(openSource).mockImplementationOnce(async (source, context): Promise<FileTree> => {
    const tree = await real(source, context)
    const copy: FileTree['copy'] = async (path, to, work) => {
      if (!path.endsWith('.safetensors')) return tree.copy(path, to, work)
      await writeFile(to, 'half of it')
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    return { ...tree, copy }
  })
  await expect(pullBase(second, options)).rejects.toMatchObject({
    code: 'disk.full',
    message: expect.stringContaining('Nothing was changed. Free some space'),
  })
  expect(await readdir(stagingFolder(options.registryFolder))).toEqual([])
  const { sound, damaged } = await listBases(options.registryFolder)
  expect({ sound: sound.map((base) => base.manifest), damaged }).toEqual({ sound: [manifest], damaged: [] })
  await pullBase(second, options)
})

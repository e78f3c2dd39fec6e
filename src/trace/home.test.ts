import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { homePaths, openHome } from './home.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-home-'))
})
afterEach(async () => {
  await chmod(folder, 0o700)
  await rm(folder, { recursive: true, force: true })
})

const isRoot = process.getuid?.() === 0

test('without SHOAL_HOME the data lie in .shoal of the working folder, for the owner alone', async () => {
  const home = await openHome({ environment: {}, workingFolder: folder })
  expect(home.folder).toBe(join(folder, '.shoal'))
  expect((await stat(home.folder)).mode & 0o777).toBe(0o700)
})

test('SHOAL_HOME says the folder, relative ones from the working folder, and it may be deep', async () => {
  const home = await openHome({ environment: { SHOAL_HOME: 'a/b' }, workingFolder: folder })
  expect(home.folder).toBe(join(folder, 'a/b'))
  expect(homePaths({ environment: { SHOAL_HOME: '/data' }, workingFolder: folder })).toEqual({
    folder: '/data',
    storeFile: '/data/store.db',
    registryFolder: '/data/registry',
    cacheFolder: '/data/cache',
    runtimeFolder: '/data/runtime',
  })
})

test('a folder that is there keeps its permissions', async () => {
  await mkdir(join(folder, 'mine'), { mode: 0o755 })
  await openHome({ environment: { SHOAL_HOME: 'mine' }, workingFolder: folder })
  expect((await stat(join(folder, 'mine'))).mode & 0o777).toBe(0o755)
})

test('a file in the place of the folder, or above it, is named', async () => {
  await writeFile(join(folder, 'taken'), '')
  for (const place of ['taken', 'taken/inside'])
    await expect(
      openHome({ environment: { SHOAL_HOME: place }, workingFolder: folder }),
    ).rejects.toMatchObject({
      code: 'home.unusable',
      message: expect.stringContaining(`${join(folder, 'taken')} is a file, not a folder`),
    })
})

test.skipIf(isRoot)('a folder that cannot be written is refused with what to do', async () => {
  await chmod(folder, 0o500)
  await expect(openHome({ environment: {}, workingFolder: folder })).rejects.toMatchObject({
    code: 'home.unusable',
    message: expect.stringMatching(/no permission to write there \(EACCES\).*SHOAL_HOME/),
  })
})

test('a folder that no user can write, root included, is refused', async () => {
  await expect(
    openHome({ environment: { SHOAL_HOME: '/proc/1/shoal' }, workingFolder: folder }),
  ).rejects.toMatchObject({ code: 'home.unusable' })
})

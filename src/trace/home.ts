/** The folder where Shoal keeps its data, and the places inside it. */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'

export interface Home {
  readonly folder: string
  /** The libsql file of calls, examples, tasks and ledger. */
  readonly storeFile: string
  /** Specialists. */
  readonly registryFolder: string
  /** What can be fetched or made again. */
  readonly cacheFolder: string
  /** ONNX Runtime, where `shoal setup micro` installed it. */
  readonly runtimeFolder: string
}

export interface HomeOptions {
  /** Where `SHOAL_HOME` is read from. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What a relative folder is relative to; `.shoal` lies here when `SHOAL_HOME` is not set. */
  readonly workingFolder: string
}

/** The places, by `SHOAL_HOME` or else `.shoal` in the working folder; touches nothing. */
export function homePaths(options: HomeOptions): Home {
  const folder = resolve(options.workingFolder, options.environment['SHOAL_HOME'] || '.shoal')
  return {
    folder,
    storeFile: join(folder, 'store.db'),
    registryFolder: join(folder, 'registry'),
    cacheFolder: join(folder, 'cache'),
    runtimeFolder: join(folder, 'runtime'),
  }
}

/** Makes the folder where it is missing, for its owner alone (0700), and checks that it can be written; else `home.unusable`. */
export async function openHome(options: HomeOptions): Promise<Home> {
  const home = homePaths(options)
  try {
    await makeFolder(home.folder)
    const probe = join(home.folder, `.probe-${randomBytes(6).toString('hex')}`)
    await writeFile(probe, '', { flag: 'wx' })
    await rm(probe)
  } catch (cause) {
    throw appError(
      'home.unusable',
      { folder: home.folder, problem: await problemOf(home.folder, cause) },
      cause,
    )
  }
  return home
}

/** Makes a folder and those above it; `mkdir` with `recursive` never returns where a parent exists but takes no entries (/proc). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (cause) {
    if (errorCodeOf(cause) === 'EEXIST' && (await stat(folder)).isDirectory()) return
    const parent = dirname(folder)
    if (errorCodeOf(cause) !== 'ENOENT' || parent === folder || (await isThere(parent))) throw cause
    await makeFolder(parent)
    await mkdir(folder, { mode: 0o700 })
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await statOrCode(path)) !== 'ENOENT'
}

async function statOrCode(path: string): Promise<Stats | string | undefined> {
  return stat(path).catch((cause: unknown) => errorCodeOf(cause))
}

async function problemOf(folder: string, cause: unknown): Promise<string> {
  const code = errorCodeOf(cause)
  if (code === 'EACCES' || code === 'EPERM') return `no permission to write there (${code})`
  if (code === 'EROFS') return 'its disk is read-only (EROFS)'
  if (code === 'ENOSPC' || code === 'EDQUOT') return `its disk is full (${code})`
  if (code === 'EEXIST' || code === 'ENOTDIR') return `${await fileInTheWay(folder)} is a file, not a folder`
  return cause instanceof Error ? cause.message : String(cause)
}

async function fileInTheWay(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    if (typeof (await statOrCode(path)) === 'object' || path === dirname(path)) return path
  }
}

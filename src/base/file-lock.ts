/** A lock between processes: a file that names its owner, and is taken over when the owner is gone. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errorCodeOf } from './files.ts'
import { tryParseJson } from './json.ts'

const ownerSchema = z.object({
  pid: z.int(),
  /** When the process began, in the system's own count: a number is given to another process some day. */
  processStart: z.string().optional(),
  since: z.string(),
  /** What the owner holds it for, where it said so. */
  work: z.string().optional(),
})

/** Who holds a lock, since when (ISO 8601). */
export type LockOwner = z.infer<typeof ownerSchema>

export interface FileLockOptions {
  readonly path: string
  /** What this process holds it for. */
  readonly work?: string
  /** The error that says who holds it. */
  busy(owner: LockOwner): Error
  /** Where another process holds it: true, after a while, to try again; without it, or where false, `busy` is thrown. */
  waits?(owner: LockOwner): Promise<boolean>
}

/** Does the work while no other process holds the lock; throws the error of `busy` where one does. */
export async function withFileLock<T>(options: FileLockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(options.path), { recursive: true, mode: 0o700 })
  await take(options)
  try {
    return await work()
  } finally {
    await rm(options.path, { force: true })
  }
}

async function take({ path, work, busy, waits }: FileLockOptions): Promise<void> {
  const processStart = await startOf(process.pid)
  const own = {
    pid: process.pid,
    ...(processStart && { processStart }),
    since: new Date().toISOString(),
    ...(work !== undefined && { work }),
  }
  for (;;) {
    if (await placed(path, JSON.stringify(own))) return
    const text = await textOf(path)
    const owner = ownerSchema.safeParse(tryParseJson(text ?? '')).data
    if (owner && (await isAlive(owner))) {
      if (await waits?.(owner)) continue
      throw busy(owner)
    }
    if (text !== undefined) await removeAbandoned(path, text)
  }
}

/** Puts a whole file where none is; false where one is. */
async function placed(path: string, text: string): Promise<boolean> {
  const whole = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(whole, text, { flag: 'wx', mode: 0o600 })
  try {
    await link(whole, path)
    return true
  } catch (cause) {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause
    return false
  } finally {
    await rm(whole, { force: true })
  }
}

async function isAlive({ pid, processStart }: LockOwner): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (cause) {
    if (errorCodeOf(cause) !== 'EPERM') return false
  }
  const start = await startOf(pid)
  return processStart === undefined || start === undefined || start === processStart
}

/** The start of a process as Linux tells it (`man 5 proc_pid_stat`, field 22); elsewhere not known. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await textOf(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets, which may hold spaces and brackets.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

/** Takes the file away only while it says what was read: another process may have done so and written its own. */
async function removeAbandoned(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await rename(path, aside)
    if ((await textOf(aside)) !== text) await link(aside, path)
  } catch (cause) {
    if (errorCodeOf(cause) !== 'ENOENT' && errorCodeOf(cause) !== 'EEXIST') throw cause
  }
  await rm(aside, { force: true })
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT' || errorCodeOf(cause) === 'ESRCH') return undefined
    throw cause
  }
}

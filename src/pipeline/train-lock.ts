/** One training of a task at a time, whichever process does it: a file that names its owner, and is taken over when the owner is gone. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { TaskId } from '../base/ids.ts'
import { tryParseJson } from '../base/json.ts'

export interface TrainLockOptions {
  /** The data folder; locks lie in `training` below it. */
  readonly folder: string
  readonly task: TaskId
}

const ownerSchema = z.object({
  pid: z.int(),
  /** When the process began, in the system's own count: a number is given to another process some day. */
  processStart: z.string().optional(),
  since: z.string(),
})

/** Does the work while no other process trains the task; throws `train.busy` where one does. */
export async function withTrainLock<T>(options: TrainLockOptions, work: () => Promise<T>): Promise<T> {
  const folder = join(options.folder, 'training')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${options.task}.lock`)
  await take(path, options.task)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string, task: TaskId): Promise<void> {
  const processStart = await startOf(process.pid)
  const own = { pid: process.pid, ...(processStart && { processStart }), since: new Date().toISOString() }
  for (;;) {
    if (await placed(path, JSON.stringify(own))) return
    const text = await textOf(path)
    const owner = ownerSchema.safeParse(tryParseJson(text ?? '')).data
    if (owner && (await isAlive(owner)))
      throw appError('train.busy', { task, pid: owner.pid, since: owner.since })
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

async function isAlive({ pid, processStart }: z.infer<typeof ownerSchema>): Promise<boolean> {
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

/**
 * Checkpoints of a training run in a folder of its own: whole files or none, the last two kept, each with a digest.
 * Layout: 8 bytes of magic, the header's length (uint32, little-endian), the header as JSON padded with spaces to 8 bytes,
 * the tensors one after another, the SHA-256 of all that.
 */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCodeOf, type FileContent, writeFileAtomic } from '../../base/files.ts'
import { tryParseJson } from '../../base/json.ts'

export interface Checkpoint {
  /** Digest of the plan that it belongs to. */
  readonly plan: string
  /** Steps done. */
  readonly step: number
  /** Steps that the run has in all, once that was decided. */
  readonly steps: number
  readonly tensors: ReadonlyMap<string, Float32Array>
}

export interface CheckpointFolder {
  /** Throws `disk.full` and leaves the earlier checkpoints as they were. */
  save(checkpoint: Checkpoint): Promise<void>
  /** The newest whole one of the plan, and the files that were passed over because they are damaged. */
  newest(plan: string): Promise<{ readonly checkpoint?: Checkpoint; readonly damaged: readonly string[] }>
}

export type WriteFile = (path: string, data: FileContent) => Promise<void>

const magic = Buffer.from('SHOALCK1')
const digestBytes = 32
const keptFiles = 2
const readBytes = 1 << 30

const headerSchema = z.object({
  plan: z.string(),
  step: z.int().nonnegative(),
  steps: z.int().nonnegative(),
  tensors: z.array(z.object({ name: z.string(), length: z.int().nonnegative() })),
})

/** The checkpoints of one run; nothing else may be written into the folder. */
export function checkpointFolder(folder: string, write: WriteFile = writeFileAtomic): CheckpointFolder {
  return {
    async save(checkpoint) {
      const name = `${String(checkpoint.step).padStart(9, '0')}-${checkpoint.plan.slice(0, 16)}.checkpoint`
      await write(join(folder, name), encode(checkpoint))
      const files = await checkpointFiles(folder)
      const own = files.filter((file) => file.includes(checkpoint.plan.slice(0, 16)))
      const kept = new Set(own.slice(0, keptFiles))
      const old = (await namesIn(folder)).filter((file) => isOurs(file) && !kept.has(file))
      await Promise.all(old.map((file) => rm(join(folder, file), { force: true })))
    },
    async newest(plan) {
      const damaged: string[] = []
      for (const file of await checkpointFiles(folder)) {
        if (!file.includes(plan.slice(0, 16))) continue
        const checkpoint = await readCheckpoint(join(folder, file))
        if (checkpoint?.plan === plan) return { checkpoint, damaged }
        damaged.push(file)
      }
      return { damaged }
    },
  }
}

/** Whole ones, newest first. */
async function checkpointFiles(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder))
    .filter((file) => file.endsWith('.checkpoint'))
    .sort()
    .reverse()
}

/** Checkpoints, and what a process that was killed had begun to write. */
function isOurs(file: string): boolean {
  return /^\d{9,}-[0-9a-f]{16}\.checkpoint(\.[0-9a-f]+\.tmp)?$/.test(file)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return []
    throw cause
  }
}

function encode({ plan, step, steps, tensors }: Checkpoint): readonly Uint8Array[] {
  const list = [...tensors].map(([name, { length }]) => ({ name, length }))
  const json = Buffer.from(JSON.stringify({ plan, step, steps, tensors: list }))
  const header = Buffer.alloc(Math.ceil((json.length + 12) / 8) * 8 - 12, ' ')
  json.copy(header)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const parts = [magic, length, header, ...[...tensors.values()].map(bytesOf)]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return [...parts, hash.digest()]
}

/** Nothing where the file is not whole: cut off, or with other bytes than were written. */
async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const file = await open(path, 'r')
  try {
    return await decode(file, createHash('sha256'))
  } finally {
    await file.close()
  }
}

async function decode(file: FileHandle, hash: Hash): Promise<Checkpoint | undefined> {
  const begin = Buffer.alloc(magic.length + 4)
  if (!(await readFully(file, begin, hash)) || !begin.subarray(0, magic.length).equals(magic))
    return undefined
  const { size } = await file.stat()
  const headerLength = begin.readUInt32LE(magic.length)
  if (headerLength > size) return undefined
  const text = Buffer.alloc(headerLength)
  if (!(await readFully(file, text, hash))) return undefined
  const header = headerSchema.safeParse(tryParseJson(text.toString())).data
  const floats = header?.tensors.reduce((sum, { length }) => sum + length, 0) ?? 0
  if (!header || size !== begin.length + headerLength + 4 * floats + digestBytes) return undefined
  const tensors = new Map<string, Float32Array>()
  for (const { name, length } of header.tensors) {
    const data = new Float32Array(length)
    if (!(await readFully(file, bytesOf(data), hash))) return undefined
    tensors.set(name, data)
  }
  const digest = Buffer.alloc(digestBytes)
  const whole = (await readFully(file, digest)) && digest.equals(hash.digest())
  return whole ? { plan: header.plan, step: header.step, steps: header.steps, tensors } : undefined
}

async function readFully(file: FileHandle, into: Uint8Array, hash?: Hash): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, Math.min(readBytes, into.length - at))
    if (bytesRead === 0) return false
    at += bytesRead
  }
  hash?.update(into)
  return true
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

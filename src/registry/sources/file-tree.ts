/** What every source opens as: a list of files, of which those that are wanted are copied out one by one. */
import { createWriteStream, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PassThrough, type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import { isNoSpace } from '../../base/files.ts'
import type { WorkOptions } from '../../base/progress.ts'

export interface TreeFile {
  /** With `/`, relative, without `.` and `..`. */
  readonly path: string
  /** Absent where it is known only once it is read. */
  readonly sizeBytes?: number
}

export interface FileTree {
  /** Where it came from, as exactly as is known: with the version or commit that was found. */
  readonly origin: string
  readonly files: readonly TreeFile[]
  /** Copies a file of the list to a new file, whole and synced or not at all. */
  copy(path: string, to: string, options: WorkOptions): Promise<void>
  /** SHA-256 of what was fetched as one file, such as an archive; absent where nothing was. */
  readonly archiveSha256?: string
  close(): Promise<void>
}

/** What opening a source needs besides the source. */
export interface SourceContext extends WorkOptions {
  /** An empty folder for what must lie on a disk to be read; the caller removes it. */
  readonly workFolder: string
  /** Where downloads that broke off wait to be carried on. */
  readonly downloadsFolder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long a server may say nothing. */
  readonly idleMs?: number
}

/** The largest file that is taken: twice what the largest encoder has. */
export const largestFileBytes = 8 * 2 ** 30

/** Smaller files are there before anyone could read that they are coming. */
export const worthReportingBytes = 2 ** 20

/** Writes a stream to a new file, synced; removes it where the stream breaks off, is longer than it said or is cancelled. */
export async function saveStream(
  stream: Readable,
  to: string,
  options: WorkOptions & {
    readonly name: string
    readonly origin: string
    readonly sizeBytes?: number
    /** Sees every byte and may refuse. */
    readonly check?: Transform
  },
): Promise<void> {
  // Not awaited: the stream may fail before anyone listens.
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  const limit = options.sizeBytes ?? largestFileBytes
  let done = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, callback) {
      done += chunk.length
      if (limit >= worthReportingBytes)
        options.progress?.({
          stage: `copying ${options.name}`,
          done,
          ...(options.sizeBytes !== undefined && { total: options.sizeBytes }),
        })
      if (done > limit) callback(tooLarge(options, limit))
      else callback(undefined, chunk)
    },
  })
  try {
    await pipeline(
      stream,
      options.check ?? new PassThrough(),
      counted,
      createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }),
      {
        ...(options.signal && { signal: options.signal }),
      },
    )
  } catch (cause) {
    await rm(to, { force: true })
    throwIfCancelled(options.signal, `copying ${options.name}`)
    throw isNoSpace(cause) ? appError('disk.full', { file: to }, cause) : cause
  }
}

/** The error for a file that is larger than it may be. */
export function tooLarge(
  { name, origin }: { readonly name: string; readonly origin: string },
  limitBytes: number,
): Error {
  return appError('source.too-large', { file: name, source: origin, limit: `${limitBytes} bytes` })
}

/** Bytes that are read at positions: a file too large for memory, or memory. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { appError } from '../../base/errors.ts'

export interface ByteRange {
  /** What errors call it. */
  readonly name: string
  readonly sizeBytes: number
  /** A copy of `length` bytes from `begin`, on a fresh buffer; fewer where the file has become shorter. */
  read(begin: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

/** Opens a file; throws `weights.file` where it cannot be read. */
export async function openBytes(path: string): Promise<ByteRange> {
  const name = basename(path)
  try {
    const handle = await open(path, 'r')
    const { size } = await handle.stat()
    return {
      name,
      sizeBytes: size,
      read: async (begin, length) => {
        const data = new Uint8Array(length)
        for (let at = 0; at < length; ) {
          const { bytesRead } = await handle.read(data, at, length - at, begin + at)
          if (bytesRead === 0) return data.slice(0, at)
          at += bytesRead
        }
        return data
      },
      close: () => handle.close(),
    }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw appError('weights.file', { file: name, problem: `it cannot be opened: ${problem}` }, cause)
  }
}

/** The same over bytes in memory, which are copied out. */
export function bytesInMemory(bytes: Uint8Array, name: string): ByteRange {
  return {
    name,
    sizeBytes: bytes.byteLength,
    read: async (begin, length) => Uint8Array.from(bytes.subarray(begin, begin + length)),
    close: async () => {},
  }
}

/**
 * A file as text, piece by piece, in bounded memory: UTF-8 or UTF-16 as its first bytes show, Latin-1 where it is said.
 * What is no character of the encoding is an error that names the line and the byte.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { appError, throwIfCancelled } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { WorkOptions } from '../base/progress.ts'
import { codecs, type Encoding, encodingOf } from './encoding.ts'

export interface ReadOptions extends WorkOptions {
  /** Bytes read at a time; 64 KiB unless a test wants other pieces. */
  readonly chunkBytes?: number
}

/** A file and the encoding of its text. */
export interface TextFile {
  readonly file: string
  readonly encoding: Encoding
}

/** The beginning of a file, by which its format is recognised. */
export interface FileSample {
  readonly file: string
  readonly source: TextFile
  readonly text: string
  /** True where the text is the whole file. */
  readonly whole: boolean
}

const defaultChunkBytes = 64 * 1024
/** Bytes by which the encoding is recognised. */
const headBytes = 4096

/** The text of a file in pieces that never cut a character; progress counts bytes. */
export async function* textChunks(source: TextFile, options: ReadOptions = {}): AsyncIterable<string> {
  const { file } = source
  const handle = await openFile(file)
  try {
    const total = (await handle.stat()).size
    const decoding = new Decoding(source)
    const buffer = Buffer.allocUnsafe((options.chunkBytes ?? defaultChunkBytes) + 3)
    let held = 0
    for (;;) {
      throwIfCancelled(options.signal, `reading ${file}`)
      const length = await readInto(handle, file, buffer, held)
      const available = held + length
      const end = length === 0 ? available : codecs[source.encoding].wholeEnd(buffer, available)
      if (end > 0) {
        yield decoding.next(buffer.subarray(0, end))
        options.progress?.({ stage: 'reading', done: decoding.offset, total })
      }
      if (length === 0) return
      buffer.copyWithin(0, end, available)
      held = available - end
    }
  } finally {
    await handle.close()
  }
}

/** The first `minimumBytes` of a file, or all of it where it is shorter; the encoding is recognised unless it is said. */
export async function readSample(
  file: string,
  minimumBytes: number,
  encoding?: Encoding,
): Promise<FileSample> {
  const source = { file, encoding: encoding ?? encodingOf(await readHead(file, headBytes)) }
  const pieces: string[] = []
  let read = 0
  const progress = ({ done }: { readonly done: number }): void => {
    read = done
  }
  for await (const piece of textChunks(source, { progress })) {
    if (read >= minimumBytes && pieces.length > 0)
      return { file, source, text: pieces.join(''), whole: false }
    pieces.push(piece)
  }
  return { file, source, text: pieces.join(''), whole: true }
}

/** The first bytes of a file. */
export async function readHead(file: string, bytes: number): Promise<Buffer> {
  const handle = await openFile(file)
  try {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, await readInto(handle, file, buffer, 0))
  } finally {
    await handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (cause) {
    throw appError('data.file-unreadable', { file, problem: readProblem(cause) }, cause)
  }
  const facts = await handle.stat()
  if (facts.isFile()) return handle
  await handle.close()
  const problem = facts.isDirectory()
    ? 'it is a folder'
    : 'it is no regular file, and a file is read twice: to recognise it and to import it'
  throw appError('data.file-unreadable', { file, problem })
}

async function readInto(handle: FileHandle, file: string, buffer: Buffer, at: number): Promise<number> {
  try {
    return (await handle.read(buffer, at, buffer.length - at)).bytesRead
  } catch (cause) {
    throw appError('data.file-unreadable', { file, problem: readProblem(cause) }, cause)
  }
}

function readProblem(cause: unknown): string {
  const problems: { readonly [code: string]: string } = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'it is a folder',
  }
  const code = errorCodeOf(cause) ?? 'unknown error'
  return problems[code] ?? code
}

/** Decodes one piece after the other and knows the place in the file. */
class Decoding {
  readonly #source: TextFile
  #line = 1
  /** Offset in the file of the first byte of that line. */
  #lineStart = 0
  /** Bytes decoded so far. */
  offset = 0

  constructor(source: TextFile) {
    this.#source = source
  }

  next(bytes: Buffer): string {
    const { mark, decode, firstBad } = codecs[this.#source.encoding]
    const hasMark = this.offset === 0 && mark.length > 0 && mark.every((byte, index) => bytes[index] === byte)
    const text = decode(bytes)
    const bad = firstBad(bytes, text)
    if (bad !== undefined) {
      this.#advance(bytes.subarray(0, bad.at))
      throw appError('data.encoding', {
        file: this.#source.file,
        line: this.#line,
        column: this.offset - this.#lineStart + 1,
        problem: bad.problem,
      })
    }
    this.#advance(bytes)
    return hasMark ? text.slice(1) : text
  }

  #advance(bytes: Buffer): void {
    const { lineEnd } = codecs[this.#source.encoding]
    for (let at = lineEnd(bytes, 0); at >= 0; at = lineEnd(bytes, at)) {
      this.#line++
      this.#lineStart = this.offset + at
    }
    this.offset += bytes.length
  }
}

/**
 * A file as text, piece by piece: strict UTF-8, a byte order mark allowed, in bounded memory.
 * What is not UTF-8 is an error that names the line and the byte.
 */
import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import { appError, throwIfCancelled } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { WorkOptions } from '../base/progress.ts'

export interface ReadOptions extends WorkOptions {
  /** Bytes read at a time; 64 KiB unless a test wants other pieces. */
  readonly chunkBytes?: number
}

/** The beginning of a file, by which its format is recognised. */
export interface FileSample {
  readonly file: string
  readonly text: string
  /** True where the text is the whole file. */
  readonly whole: boolean
}

const defaultChunkBytes = 64 * 1024
const newlineByte = 0x0a

/** The text of a file in pieces that never cut a character; progress counts bytes. */
export async function* textChunks(file: string, options: ReadOptions = {}): AsyncIterable<string> {
  const handle = await openFile(file)
  try {
    const total = (await handle.stat()).size
    const place = { line: 1, lineStart: 0, offset: 0 }
    const buffer = Buffer.allocUnsafe((options.chunkBytes ?? defaultChunkBytes) + 3)
    let held = 0
    for (;;) {
      throwIfCancelled(options.signal, `reading ${file}`)
      const length = await readInto(handle, file, buffer, held)
      const available = held + length
      const end = length === 0 ? available : completeEnd(buffer, available)
      const bytes = buffer.subarray(0, end)
      if (end > 0) {
        const skipped = checkBytes(file, bytes, place)
        yield bytes.toString('utf8', skipped)
        options.progress?.({ stage: 'reading', done: place.offset, total })
      }
      if (length === 0) return
      buffer.copyWithin(0, end, available)
      held = available - end
    }
  } finally {
    await handle.close()
  }
}

/** The first `minimumBytes` of a file, or all of it where it is shorter. */
export async function readSample(file: string, minimumBytes: number): Promise<FileSample> {
  const pieces: string[] = []
  let bytes = 0
  for await (const piece of textChunks(file)) {
    if (bytes >= minimumBytes) return { file, text: pieces.join(''), whole: false }
    pieces.push(piece)
    bytes += Buffer.byteLength(piece)
  }
  return { file, text: pieces.join(''), whole: true }
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

interface Place {
  line: number
  /** Offset in the file of the first byte of that line. */
  lineStart: number
  offset: number
}

/** Checks the next bytes of a file, moves the place past them, and says how many bytes of a mark to skip. */
function checkBytes(file: string, bytes: Buffer, place: Place): number {
  if (place.offset === 0) refuseUtf16(file, bytes)
  const bad = firstBadByte(bytes)
  if (bad !== undefined) {
    advance(place, bytes.subarray(0, bad.at))
    throw appError('data.encoding', {
      file,
      line: place.line,
      column: place.offset - place.lineStart + 1,
      problem: bad.problem,
    })
  }
  const hasMark = place.offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  advance(place, bytes)
  return hasMark ? 3 : 0
}

function advance(place: Place, bytes: Buffer): void {
  for (let at = bytes.indexOf(newlineByte); at >= 0; at = bytes.indexOf(newlineByte, at + 1)) {
    place.line++
    place.lineStart = place.offset + at + 1
  }
  place.offset += bytes.length
}

function refuseUtf16(file: string, bytes: Buffer): void {
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe
  if (!isLittle && !(bytes[0] === 0xfe && bytes[1] === 0xff)) return
  throw appError('data.encoding', { file, line: 1, column: 1, problem: 'the file begins as UTF-16 does' })
}

function firstBadByte(bytes: Buffer): { readonly at: number; readonly problem: string } | undefined {
  const nul = bytes.indexOf(0)
  const broken = isUtf8(bytes) ? -1 : firstBrokenByte(bytes)
  if (broken >= 0 && (nul < 0 || broken < nul)) {
    const hex = bytes[broken]!.toString(16).padStart(2, '0').toUpperCase()
    return { at: broken, problem: `the byte 0x${hex} is not UTF-8` }
  }
  if (nul < 0) return undefined
  return { at: nul, problem: 'there is a NUL byte, as in UTF-16 or in a file that is not text' }
}

/** Offset of the first byte that a lenient decoder replaced by U+FFFD. */
function firstBrokenByte(bytes: Buffer): number {
  const lenient = bytes.toString('utf8')
  let offset = 0
  let from = 0
  for (let at = lenient.indexOf('\ufffd'); at >= 0; at = lenient.indexOf('\ufffd', at + 1)) {
    offset += Buffer.byteLength(lenient.slice(from, at))
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset
    offset += 3
    from = at + 1
  }
  return -1
}

/** Where the last whole character of `buffer[0, end)` ends. */
function completeEnd(buffer: Buffer, end: number): number {
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = buffer[end - back]!
    if (byte < 0x80) return end
    if (byte >= 0xc0) return sequenceLength(byte) > back ? end - back : end
  }
  return end
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
}

/**
 * How the bytes of a text file are read: UTF-8 and UTF-16 as they show themselves, Latin-1 where it is said.
 * Strict: a byte or a unit that is no character is named, never replaced.
 */
import { isUtf8 } from 'node:buffer'

/** `latin1` is read as Windows-1252, as every browser does (WHATWG Encoding, section 4.2). */
export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const
export type Encoding = (typeof encodings)[number]

/** A byte, or a unit of two, that is no character. */
export interface BadByte {
  /** Offset in the bytes given. */
  readonly at: number
  readonly problem: string
}

interface Codec {
  /** Byte order mark, which is no part of the text. */
  readonly mark: readonly number[]
  /** Where the last whole character of `buffer[0, end)` ends. */
  wholeEnd(buffer: Buffer, end: number): number
  /** The text of whole characters. */
  decode(bytes: Buffer): string
  /** What is wrong with the bytes, whose text is given. */
  firstBad(bytes: Buffer, text: string): BadByte | undefined
  /** Offset behind the next line feed from `from`, a whole character's start; -1 where there is none. */
  lineEnd(bytes: Buffer, from: number): number
}

const lineFeed = 0x0a

/** One codec an encoding. */
export const codecs: { readonly [E in Encoding]: Codec } = {
  'utf-8': {
    mark: [0xef, 0xbb, 0xbf],
    wholeEnd: wholeUtf8End,
    decode: (bytes) => bytes.toString('utf8'),
    firstBad: firstBadUtf8,
    lineEnd: (bytes, from) => bytes.indexOf(lineFeed, from) + 1 || -1,
  },
  'utf-16le': utf16('little'),
  'utf-16be': utf16('big'),
  latin1: {
    mark: [],
    wholeEnd: (_, end) => end,
    decode: (bytes) => new TextDecoder('windows-1252').decode(bytes),
    firstBad: (bytes) => nul(bytes.indexOf(0)),
    lineEnd: (bytes, from) => bytes.indexOf(lineFeed, from) + 1 || -1,
  },
}

/** Fewest zero bytes, and share of the byte pairs that have one, by which UTF-16 without a mark is told. */
const fewestZeros = 4
const zeroShare = 0.1

/** The encoding that the first bytes of a file show: a byte order mark, or zero bytes at every other place. */
export function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  let [even, odd] = [0, 0]
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) {
    if (at % 2 === 0) even++
    else odd++
  }
  const enough = Math.max(fewestZeros, (bytes.length / 2) * zeroShare)
  if (even === 0 && odd >= enough) return 'utf-16le'
  return odd === 0 && even >= enough ? 'utf-16be' : 'utf-8'
}

function utf16(order: 'little' | 'big'): Codec {
  const low = order === 'little' ? 0 : 1
  return {
    mark: order === 'little' ? [0xff, 0xfe] : [0xfe, 0xff],
    wholeEnd: (buffer, end) => {
      const even = end - (end % 2)
      const high = even < 2 ? 0 : buffer[even - 1 - low]!
      return high >= 0xd8 && high <= 0xdb ? even - 2 : even
    },
    decode: (bytes) =>
      (order === 'little' ? bytes : Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16()).toString(
        'utf16le',
      ),
    firstBad: (bytes, text) => {
      const bad = nul(text.indexOf('\0') * 2)
      const lone = /[\ud800-\udfff]/.test(text) ? /\p{Surrogate}/u.exec(text)?.index : undefined
      if (lone !== undefined && (bad === undefined || lone * 2 < bad.at))
        return { at: lone * 2, problem: 'half of a character (a lone surrogate) stands there' }
      if (bad === undefined && bytes.length % 2 === 1)
        return { at: bytes.length - 1, problem: 'the file ends in the middle of a character of UTF-16' }
      return bad
    },
    lineEnd: (bytes, from) => {
      for (let at = bytes.indexOf(lineFeed, from); at >= 0; at = bytes.indexOf(lineFeed, at + 1))
        if (at % 2 === low && bytes[at + 1 - 2 * low] === 0) return at + 2 - low
      return -1
    },
  }
}

function nul(at: number): BadByte | undefined {
  return at < 0
    ? undefined
    : { at, problem: 'there is a NUL character, as in a file that is not text or is in another encoding' }
}

function firstBadUtf8(bytes: Buffer, text: string): BadByte | undefined {
  const zero = nul(bytes.indexOf(0))
  const broken = isUtf8(bytes) ? -1 : firstBrokenByte(bytes, text)
  if (broken < 0 || (zero !== undefined && zero.at < broken)) return zero
  const hex = bytes[broken]!.toString(16).padStart(2, '0').toUpperCase()
  return { at: broken, problem: `the byte 0x${hex} is not UTF-8` }
}

/** Offset of the first byte that the lenient decoder replaced by U+FFFD. */
function firstBrokenByte(bytes: Buffer, lenient: string): number {
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

function wholeUtf8End(buffer: Buffer, end: number): number {
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

/** Zip and tar archives for tests, written byte by byte so that they can lie (APPNOTE.TXT 4.3, POSIX ustar). */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly data: Uint8Array
  /** Unix mode and file type; a plain file where absent. */
  readonly mode?: number
  /** What the archive says, where that is not the truth. */
  readonly says?: { readonly sizeBytes?: number; readonly crc32?: number }
}

/** A zip archive with deflated entries. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const packed = deflateRawSync(entry.data)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x800, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(entry.says?.crc32 ?? crc32(entry.data), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(entry.says?.sizeBytes ?? entry.data.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((entry.mode ?? 0o100644) * 0x10000, 6)
    tail.writeUInt32LE(at, 10)
    directory.push(Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), common, tail, name)
    parts.push(local)
    at += local.length
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, list, end])
}

export interface TarEntry {
  readonly name: string
  readonly data: Uint8Array
  /** `2`: a symbolic link to `link`. */
  readonly type?: '0' | '1' | '2' | '5'
  readonly link?: string
  /** What its header says, in the form for sizes beyond 8 GiB, where that is not the truth. */
  readonly saysBytes?: number
}

/** A tar archive, compressed as npm does it. */
export function tgzOf(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, data, type = '0', link = '', saysBytes }) => {
    const head = Buffer.alloc(512)
    head.write(name, 0, 100)
    head.write('0000644\0', 100)
    head.write('0000000\0', 108)
    head.write('0000000\0', 116)
    head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
    if (saysBytes !== undefined) {
      head.writeUInt32BE(0x80000000, 124)
      head.writeBigUInt64BE(BigInt(saysBytes), 128)
    }
    head.write('00000000000\0', 136)
    head.write('        ', 148)
    head.write(type, 156)
    head.write(link, 157, 100)
    head.write('ustar\0', 257)
    head.write('00', 263)
    const sum = head.reduce((total, byte) => total + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [head, data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

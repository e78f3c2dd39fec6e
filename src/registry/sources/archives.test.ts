import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tgzOf, zipOf } from './archive-fixture.contract.ts'
import type { FileTree } from './file-tree.ts'
import { openArchive } from './open-archive.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archives-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function open(name: string, bytes: Uint8Array): Promise<FileTree> {
  await writeFile(join(folder, name), bytes)
  return openArchive(join(folder, name), name)
}

const data = Buffer.from('weights')
const outside = ['../up.json', '/etc/absolute.json', 'a/../../up.json', 'C:/windows.json', 'a\\..\\up.json']

describe('an archive that would write outside of its folder is refused, with the name of the entry', () => {
  it.each(outside)('as zip: %s', async (name) => {
    const opening = open(
      'm.zip',
      zipOf([
        { name: 'config.json', data },
        { name, data },
      ]),
    )
    await expect(opening).rejects.toMatchObject({ code: 'source.archive' })
    await expect(opening).rejects.toThrow(/outside|relative|absolute|characters/)
  })

  it.each(outside)('as tar: %s', async (name) => {
    const opening = open(
      'm.tgz',
      tgzOf([
        { name: 'package/config.json', data },
        { name, data },
      ]),
    )
    await expect(opening).rejects.toThrow(`${JSON.stringify(name)} would be written outside of its folder`)
  })

  it('as a link, which would lead there', async () => {
    const link = Buffer.from('/etc/passwd')
    await expect(open('m.zip', zipOf([{ name: 'config.json', data: link, mode: 0o120777 }]))).rejects.toThrow(
      'the entry "config.json" is a link or a device',
    )
    for (const type of ['1', '2'] as const) {
      const entries = [{ name: 'package/config.json', data: Buffer.alloc(0), type, link: '/etc/passwd' }]
      await expect(open('m.tgz', tgzOf(entries))).rejects.toThrow('is a link or a device')
    }
  })
})

describe('an archive that lies about itself is refused', () => {
  const copied = async (tree: FileTree): Promise<void> => {
    try {
      await tree.copy('config.json', join(folder, 'out'), {})
    } finally {
      await tree.close()
    }
  }

  it('where an entry is larger than it says, as bombs are', async () => {
    const bomb = zipOf([{ name: 'config.json', data: Buffer.alloc(2 ** 20), says: { sizeBytes: 10 } }])
    await expect(open('m.zip', bomb).then(copied)).rejects.toMatchObject({ code: 'source.archive' })
    expect(await readdir(folder)).toEqual(['m.zip'])
  })

  it('where an entry says to be larger than any model', async () => {
    const huge = zipOf([{ name: 'config.json', data, says: { sizeBytes: 0xffff_fffe } }])
    await expect(open('m.zip', huge).then(copied)).rejects.toMatchObject({ code: 'source.archive' })
  })

  it('where it would unpack to more than any model, before it is read to its end', async () => {
    const flood = tgzOf([
      { name: 'a.bin', data: Buffer.alloc(512), saysBytes: 2 ** 40 },
      { name: 'b.bin', data: Buffer.alloc(512) },
    ])
    await expect(open('m.tgz', flood)).rejects.toMatchObject({
      code: 'source.archive',
      message: expect.stringContaining('it unpacks to more than 17179869184 bytes'),
    })
    const large = Array.from({ length: 5 }, (_, at) => ({
      ...{ name: `${at}.bin`, data, says: { sizeBytes: 0xffff_fff0 } },
    }))
    await expect(open('m.zip', zipOf(large))).rejects.toThrow('it unpacks to more than')
  })

  it('where the checksum of an entry is wrong', async () => {
    const wrong = zipOf([{ name: 'config.json', data, says: { crc32: 1 } }])
    await expect(open('m.zip', wrong).then(copied)).rejects.toThrow('"config.json" is damaged: its CRC-32 is')
    expect(await readdir(folder)).toEqual(['m.zip'])
  })

  it('where a name is there twice', async () => {
    const entry = { name: 'config.json', data }
    await expect(open('m.zip', zipOf([entry, entry]))).rejects.toThrow('"config.json" is there twice')
    await expect(open('m.tgz', tgzOf([entry, entry]))).rejects.toThrow('"config.json" is there twice')
  })

  it('where it is cut short, or no archive at all', async () => {
    const zip = zipOf([{ name: 'config.json', data: Buffer.alloc(5000, 'abc') }])
    await expect(open('m.zip', zip.subarray(0, 40))).rejects.toMatchObject({ code: 'source.archive' })
    await expect(open('m.zip', Buffer.from('hello'))).rejects.toMatchObject({ code: 'source.archive' })
    const random = Buffer.from(Array.from({ length: 9000 }, (_, at) => (at * at * 31) % 253))
    const tgz = tgzOf([{ name: 'config.json', data: random }])
    await expect(open('m.tgz', tgz.subarray(0, tgz.length / 2))).rejects.toMatchObject({
      code: 'source.archive',
    })
    await expect(open('m.tgz', Buffer.from('hello'))).rejects.toMatchObject({ code: 'source.archive' })
  })
})

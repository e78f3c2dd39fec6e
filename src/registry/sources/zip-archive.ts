/** Zip archives (wheels and jars among them) as file trees. Sizes and CRC-32 are checked while a file is copied. */
import { Transform } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { assert } from '../../base/errors.ts'
import { type ArchiveEntry, archiveCounter, archiveError, archiveFiles, asArchiveError } from './archive.ts'
import { type FileTree, saveStream } from './file-tree.ts'

/** Opens a zip archive on disk; throws `source.archive` for one that is broken or means harm. */
export async function openZip(path: string, origin: string): Promise<FileTree> {
  const zip = await openChecked(path, origin)
  try {
    const entries = new Map<string, Entry>()
    const described: ArchiveEntry[] = []
    const problemWith = archiveCounter()
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName, entry)
      described.push({ path: entry.fileName, sizeBytes: entry.uncompressedSize, kind: kindOf(entry) })
      const problem = problemWith(entry.uncompressedSize)
      if (problem !== undefined) throw archiveError(origin, problem)
      if (described.length > zip.entryCount) throw archiveError(origin, 'its list of entries does not end')
    }
    return {
      origin,
      files: archiveFiles(described, origin),
      copy: async (name, to, options) => {
        const entry = entries.get(name)
        assert(entry, `${name} is not in the archive`)
        try {
          await saveStream(await zip.openReadStreamPromise(entry), to, {
            ...options,
            ...{ name, origin, sizeBytes: entry.uncompressedSize, check: crcCheck(name, entry.crc32) },
          })
        } catch (cause) {
          throw asArchiveError(origin, cause)
        }
      },
      close: async () => zip.close(),
    }
  } catch (cause) {
    zip.close()
    throw asArchiveError(origin, cause)
  }
}

async function openChecked(path: string, origin: string): Promise<ZipFile> {
  try {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true }
    return await openPromise(path, options)
  } catch (cause) {
    throw asArchiveError(origin, cause)
  }
}

function kindOf({ fileName, externalFileAttributes }: Entry): ArchiveEntry['kind'] {
  if (fileName.endsWith('/')) return 'folder'
  // The upper half holds Unix's mode where a Unix wrote the archive, else 0.
  const type = (externalFileAttributes >>> 16) & 0o170000
  return type === 0 || type === 0o100000 ? 'file' : 'other'
}

function crcCheck(name: string, expected: number): Transform {
  let sum = 0
  return new Transform({
    transform(chunk: Buffer, _, callback) {
      sum = crc32(chunk, sum)
      callback(undefined, chunk)
    },
    flush(callback) {
      const problem = `the entry ${JSON.stringify(name)} is damaged: its CRC-32 is ${sum}, expected ${expected}`
      callback(sum === expected ? undefined : new Error(problem))
    },
  })
}

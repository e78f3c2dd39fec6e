/** Compressed tar archives (what `npm pack` writes) as file trees. Each copy reads the archive from its start. */
import { createReadStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { Parser, type ReadEntry } from 'tar'
import { assert } from '../../base/errors.ts'
import { type ArchiveEntry, archiveCounter, archiveError, archiveFiles, asArchiveError } from './archive.ts'
import { type FileTree, saveStream } from './file-tree.ts'

/** Opens a tar archive on disk; throws `source.archive` for one that is broken or means harm. */
export async function openTar(path: string, origin: string): Promise<FileTree> {
  const described: ArchiveEntry[] = []
  await readTar(path, origin, (entry) => {
    described.push({ path: entry.path, sizeBytes: entry.size, kind: kindOf(entry) })
    entry.resume()
  })
  if (described.length === 0) throw archiveError(origin, 'it has no entries')
  return {
    origin,
    files: archiveFiles(described, origin),
    copy: async (name, to, options) => {
      let saving: Promise<unknown> | undefined
      await readTar(path, origin, (entry) => {
        if (entry.path !== name || saving) entry.resume()
        else
          saving = saveStream(nodeStream(entry), to, {
            ...options,
            ...{ name, origin, sizeBytes: entry.size },
          }).catch((cause: unknown) => ({ cause }))
      })
      assert(saving, `${name} is not in the archive`)
      const failed = await saving
      if (failed) throw asArchiveError(origin, (failed as { readonly cause: unknown }).cause)
    },
    close: async () => {},
  }
}

/** An entry as Node's pipelines take it; when nobody reads on, the entry is skipped so that the archive can be read to its end. */
function nodeStream(entry: ReadEntry): PassThrough {
  const stream = new PassThrough()
  entry.pipe(stream)
  stream.on('close', () => {
    if (stream.writableFinished) return
    entry.unpipe(stream)
    entry.resume()
  })
  return stream
}

/** Reads an archive to its end, or to the entry that is too much. */
function readTar(path: string, origin: string, onEntry: (entry: ReadEntry) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = createReadStream(path)
    const fail = (cause: unknown): void => {
      file.destroy()
      reject(asArchiveError(origin, cause))
    }
    const problemWith = archiveCounter()
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const problem = problemWith(entry.size)
        if (problem === undefined) return onEntry(entry)
        entry.resume()
        fail(archiveError(origin, problem))
      },
    })
    parser.on('end', resolve)
    parser.on('error', fail)
    file.on('error', fail)
    file.pipe(parser)
  })
}

function kindOf({ type }: ReadEntry): ArchiveEntry['kind'] {
  if (type === 'File' || type === 'OldFile') return 'file'
  return type === 'Directory' ? 'folder' : 'other'
}

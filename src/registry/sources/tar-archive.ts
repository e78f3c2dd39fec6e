/** Compressed tar archives (what `npm pack` writes) as file trees. Each copy reads the archive from its start. */
import { PassThrough } from 'node:stream'
import { list, type ReadEntry } from 'tar'
import { assert } from '../../base/errors.ts'
import { type ArchiveEntry, archiveError, archiveFiles, asArchiveError } from './archive.ts'
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

async function readTar(path: string, origin: string, onReadEntry: (entry: ReadEntry) => void): Promise<void> {
  try {
    await list({ file: path, strict: true, onReadEntry })
  } catch (cause) {
    throw asArchiveError(origin, cause)
  }
}

function kindOf({ type }: ReadEntry): ArchiveEntry['kind'] {
  if (type === 'File' || type === 'OldFile') return 'file'
  return type === 'Directory' ? 'folder' : 'other'
}

/** A folder on this machine as a file tree: its own files and those of the folders that published models have. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCodeOf } from '../../base/files.ts'
import { type FileTree, saveStream, type TreeFile } from './file-tree.ts'

/** Folders below a model's own in which its files are looked for. */
const innerFolders = ['', '1_Pooling', 'onnx']

/** Opens a folder; links are followed, since it is the user's own. */
export async function openFolder(folder: string): Promise<FileTree> {
  const files: TreeFile[] = []
  for (const inner of innerFolders) {
    for (const name of await namesOf(join(folder, inner))) {
      const found = await stat(join(folder, inner, name)).catch(() => undefined)
      const path = inner === '' ? name : `${inner}/${name}`
      if (found?.isFile()) files.push({ path, sizeBytes: found.size })
    }
  }
  return {
    origin: folder,
    files,
    copy: (path, to, options) =>
      saveStream(createReadStream(join(folder, path)), to, { ...options, ...{ name: path, origin: folder } }),
    close: async () => {},
  }
}

async function namesOf(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT' || errorCodeOf(cause) === 'ENOTDIR') return []
    throw cause
  }
}

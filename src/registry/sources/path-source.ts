/** A path: a model's folder, a weights file with its neighbours, or an archive. */
import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { appError } from '../../base/errors.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { openFolder } from './folder-tree.ts'
import { isArchiveName, openArchive } from './open-archive.ts'
import type { SourceOf } from './source.ts'

/** Opens what lies at the path. */
export async function openPath(source: SourceOf<'path'>, context: SourceContext): Promise<FileTree> {
  const path = resolve(source.path)
  const found = await stat(path).catch((cause: unknown) => {
    const problem =
      'it is no path that is there, and none of https:, hf:, npm:, pypi:, maven: comes before it'
    throw appError('source.not-found', { source: source.path, problem }, cause)
  })
  if (found.isDirectory()) return openFolder(path)
  if (isArchiveName(path))
    return { ...(await openArchive(path, path)), archiveSha256: await fileSha256(path, context) }
  const folder = await openFolder(dirname(path))
  return { ...folder, origin: path, files: onlyWeights(folder, basename(path)) }
}

/** The folder's files with no weights but those that were named. */
function onlyWeights({ files }: FileTree, name: string): FileTree['files'] {
  const stem = name.replace(/\.index\.json$/, '').replace(/\.safetensors$/, '')
  const isWeights = (path: string): boolean => /\.(safetensors|onnx|bin)$|\.index\.json$/.test(path)
  return files.filter(({ path }) => !isWeights(path) || path === name || path.startsWith(`${stem}-`))
}

/** Archives by the endings of their names. */
import { archiveError } from './archive.ts'
import type { FileTree } from './file-tree.ts'
import { openTar } from './tar-archive.ts'
import { openZip } from './zip-archive.ts'

/** True for a name that {@link openArchive} opens. */
export function isArchiveName(name: string): boolean {
  return /\.(zip|whl|jar|tgz|tar\.gz)$/.test(name)
}

/** Opens an archive on disk; throws `source.archive`. */
export async function openArchive(path: string, origin: string): Promise<FileTree> {
  if (/\.(zip|whl|jar)$/.test(path)) return openZip(path, origin)
  if (/\.(tgz|tar\.gz)$/.test(path)) return openTar(path, origin)
  throw archiveError(origin, 'its name ends in none of .zip, .whl, .jar, .tgz, .tar.gz')
}

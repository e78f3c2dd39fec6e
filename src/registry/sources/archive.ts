/** What is refused in any archive before a byte of it is copied: names that lead outside, links, names given twice, endless lists. */
import { appError } from '../../base/errors.ts'
import { largestFileBytes, type TreeFile } from './file-tree.ts'

export interface ArchiveEntry extends TreeFile {
  readonly sizeBytes: number
  /** `other`: a link, a device, anything that is no file with bytes of its own. */
  readonly kind: 'file' | 'folder' | 'other'
}

const mostEntries = 100_000
/** What an archive may unpack to, whatever is copied out of it: reading past it takes the same work. */
const largestArchiveBytes = 2 * largestFileBytes

/** Counts entries while they are listed; gives what is wrong as soon as there are too many, or they say to be too large. */
export function archiveCounter(): (sizeBytes: number) => string | undefined {
  let [count, bytes] = [0, 0]
  return (sizeBytes) => {
    count++
    bytes += sizeBytes
    if (count > mostEntries) return `it has more than ${mostEntries} entries`
    return bytes > largestArchiveBytes ? `it unpacks to more than ${largestArchiveBytes} bytes` : undefined
  }
}

/** The files of an archive; throws `source.archive` with the name of the entry that may not be. */
export function archiveFiles(entries: readonly ArchiveEntry[], origin: string): readonly TreeFile[] {
  const seen = new Set<string>()
  for (const { path, kind, sizeBytes } of entries) {
    const name = JSON.stringify(path.slice(0, 200))
    if (leadsOutside(path))
      throw archiveError(origin, `the entry ${name} would be written outside of its folder`)
    if (kind === 'other') throw archiveError(origin, `the entry ${name} is a link or a device`)
    if (kind === 'folder') continue
    if (seen.has(path)) throw archiveError(origin, `the entry ${name} is there twice`)
    if (sizeBytes > largestFileBytes)
      throw archiveError(origin, `the entry ${name} says to be ${sizeBytes} bytes`)
    seen.add(path)
  }
  return entries.filter(({ kind }) => kind === 'file').map(({ path, sizeBytes }) => ({ path, sizeBytes }))
}

/** True for a path that is absolute, goes up, or means something else on another system. */
export function leadsOutside(path: string): boolean {
  return (
    path === '' ||
    path.startsWith('/') ||
    /[\\\0]|^[A-Za-z]:/.test(path) ||
    path.split('/').some((part) => part === '..' || part === '.')
  )
}

/** The error for an archive that is broken or means harm. */
export function archiveError(origin: string, problem: string, cause?: unknown): Error {
  return appError('source.archive', { source: origin, problem }, cause)
}

/** An error that comes from a library's reading as `source.archive`, one of Shoal's own as it is. */
export function asArchiveError(origin: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause.name === 'AppError') return cause
  return archiveError(origin, cause.message, cause)
}

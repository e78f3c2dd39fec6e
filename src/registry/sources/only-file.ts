/** Finds what a client wrote. */
import { readdir } from 'node:fs/promises'

/** Name of the file with this ending in a folder, where there is exactly one. */
export async function onlyFile(folder: string, ending: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending))
  return names.length === 1 ? names[0] : undefined
}

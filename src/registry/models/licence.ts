/** The licence that a model's card names. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What `license:` says in the head of README.md, as hubs read it; else the name of the licence file that is there. */
export async function licenceIn(folder: string, names: readonly string[]): Promise<string | undefined> {
  const card = await readFile(join(folder, 'README.md'), 'utf8').catch(() => '')
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? ''
  const said = /^license:\s*["']?([\w.+-]{1,60})["']?\s*$/m.exec(head)?.[1]
  const file = names.find((name) => /^licen[cs]e/i.test(name))
  return said ?? (file && `see ${file}`)
}

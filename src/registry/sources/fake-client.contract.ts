/** Programs for tests that stand in for npm, pip and mvn: they write what they were asked for, and what they were called with. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Puts a program on a PATH that is given back; its script is a function's body with `args` (and `fs`). */
export async function fakeProgram(folder: string, name: string, script: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  // Whatever lies in the folders above, the program is no module.
  await writeFile(join(bin, 'package.json'), '{"type":"commonjs"}')
  const text = `#!${process.execPath}\nconst fs = require('node:fs'); const args = process.argv.slice(2);\nfs.writeFileSync(${JSON.stringify(join(folder, `${name}.args`))}, JSON.stringify(args));\n${script}\n`
  await writeFile(join(bin, name), text)
  await chmod(join(bin, name), 0o755)
  return [bin, process.env['PATH']].join(delimiter)
}

/** A script that copies a file into the working folder, as a client that fetched it would. */
export function fetches(file: string, as: string): string {
  return `fs.copyFileSync(${JSON.stringify(file)}, ${JSON.stringify(as)})`
}

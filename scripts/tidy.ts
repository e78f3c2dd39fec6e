/** Fails on what makes a code base hard to read: long functions and files, dead files and exports, unexplained dependencies. */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dependencies, dependencyProblems } from './dependencies.ts'
import { readModules } from './module-graph.ts'
import { deadExports, deadFiles } from './tidy-dead.ts'
import { longFiles, longFunctions } from './tidy-length.ts'

/** Files that may be long, and why. */
const tables: Readonly<Record<string, string>> = {
  'src/base/errors.ts': 'the table of all errors',
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const folders = ['src', 'scripts', 'bench', 'examples', 'test']

/** One sentence for each thing to tidy in the repository at `root`. */
export function tidyProblems(root: string, exceptions = tables, reasons = dependencies): readonly string[] {
  const modules = readModules(root, folders)
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  return [
    ...longFiles(modules, exceptions),
    ...longFunctions(modules),
    ...deadFiles(modules),
    ...deadExports(modules),
    ...dependencyProblems(declared, modules, reasons),
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = tidyProblems(resolve(dirname(fileURLToPath(import.meta.url)), '..'))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exit(1)
}

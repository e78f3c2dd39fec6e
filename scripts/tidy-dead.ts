/** Files and exports of `src/` that nothing needs. What only tests need is not needed. */
import type { ExportedName, SourceModule } from './module-graph.ts'

/** The public API and the programs; what they export is for others, or nothing. */
const entries = ['src/index.ts', 'src/browser.ts', 'src/cli/main.ts']

/** Tests, contract suites and what only they use. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.(test|contract)\.ts$/.test(path)
}

/** Sentences about files under `src/` that no program, bench, example or script comes to. */
export function deadFiles(modules: readonly SourceModule[]): readonly string[] {
  const production = modules.filter(({ path }) => !isTest(path))
  const roots = production.filter(({ path }) => entries.includes(path) || !path.startsWith('src/'))
  const reached = reachedFrom(roots, production)
  const tested = reachedFrom(
    modules.filter(({ path }) => path.endsWith('.test.ts')),
    modules,
  )
  return modules.flatMap(({ path }) => {
    if (!path.startsWith('src/') || path.endsWith('.test.ts') || reached.has(path)) return []
    if (isTest(path))
      return tested.has(path) ? [] : [`${path}: no test runs this contract. Run it or delete it.`]
    return [`${path}: nothing but tests comes to this file. Use it or delete it.`]
  })
}

function reachedFrom(roots: readonly SourceModule[], modules: readonly SourceModule[]): ReadonlySet<string> {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  const reached = new Set<string>()
  const open = roots.map(({ path }) => path)
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const { target } of byPath.get(path)?.uses ?? []) if (byPath.has(target)) open.push(target)
  }
  return reached
}

/** Sentences about exports of `src/` that no other file imports, or only tests. */
export function deadExports(modules: readonly SourceModule[]): readonly string[] {
  const production = usedNames(modules.filter(({ path }) => !isTest(path)))
  const tests = usedNames(modules.filter(({ path }) => isTest(path)))
  return modules
    .filter(({ path }) => path.startsWith('src/') && !isTest(path) && !entries.includes(path))
    .flatMap(({ path, exports }) =>
      exports.flatMap((exported) => {
        const problem = problemOf(
          exported,
          production.has(`${path}#`, exported.name),
          tests.has(`${path}#`, exported.name),
        )
        return problem === undefined ? [] : [`${path}:${exported.line}: ${exported.name} ${problem}`]
      }),
    )
}

function problemOf({ ownUses, isType }: ExportedName, inCode: boolean, inTests: boolean): string | undefined {
  if (inCode) return undefined
  // A test may reach into a file for what the file itself uses, and a type may be named by what the file exports.
  if (ownUses > 0 && (inTests || isType)) return undefined
  if (inTests) return 'is used by tests only. Use it or delete it.'
  return ownUses > 0
    ? 'is exported and used in its own file only. Drop the `export`.'
    : 'is exported and used nowhere. Use it or delete it.'
}

interface UsedNames {
  has(file: string, name: string): boolean
}

function usedNames(modules: readonly SourceModule[]): UsedNames {
  const used = new Set<string>()
  for (const { path, uses } of modules) {
    for (const { target, names } of uses) {
      if (target === path) continue
      if (names === 'all') used.add(`${target}#`)
      else for (const name of names) used.add(`${target}#${name}`)
    }
  }
  return { has: (file, name) => used.has(file) || used.has(file + name) }
}

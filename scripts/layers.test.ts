import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { importsOf, layers, layerViolations } from './layers.ts'

const source = fileURLToPath(new URL('../src', import.meta.url))

function violationsOf(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'shoal-layers-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return layerViolations(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('no file of src/ imports from a folder below its own', () => {
  expect(layerViolations(source)).toEqual([])
})

test('every folder of src/ is in the list', () => {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of folders) expect(layers).toContain(name)
  expect(existsSync(join(source, layers[0]))).toBe(true)
})

test('a file may import from its own folder and those above, packages, and an entry from all', () => {
  const files = {
    'base/a.ts': `import fs from 'node:fs'\nimport { b } from './b.ts'\n`,
    'base/b.ts': '',
    'gateway/c.ts': `import { b } from '../base/b.ts'\nimport { zod } from 'zod'\n`,
    'index.ts': `export { c } from './gateway/c.ts'\n`,
  }
  expect(violationsOf(files)).toEqual([])
})

test('an import from below is named, be it of a type, a worker, a test or made later', () => {
  const files = {
    'base/a.ts': `import type { C } from '../gateway/c.ts'\n`,
    'base/b.ts': `const c = await import('../gateway/c.ts')\n`,
    'base/c.ts': `new Worker(new URL('../gateway/c.ts', import.meta.url))\n`,
    'base/d.test.ts': `export * from '../gateway/c.ts'\n`,
    'gateway/c.ts': '',
  }
  expect(violationsOf(files)).toEqual(
    ['a.ts', 'b.ts', 'c.ts', 'd.test.ts'].map(
      (name) => `src/base/${name} imports ../gateway/c.ts, which lies below it`,
    ),
  )
})

test('a folder that is not in the list is named', () => {
  expect(violationsOf({ 'utils/a.ts': '' })).toEqual([
    'src/utils/a.ts: the folder is not in scripts/layers.ts',
  ])
})

test('imports are found in all their forms', () => {
  const text = `import a from './a.ts'\nimport './b.ts'\nexport * from "../c.ts"\nimport('./d.ts')\nimport x from 'pkg'\n`
  expect(importsOf(text)).toEqual(['./a.ts', './b.ts', '../c.ts', './d.ts'])
})

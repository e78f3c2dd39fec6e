import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { dependencies } from './dependencies.ts'
import { tidyProblems } from './tidy.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

const clean = {
  'package.json': '{"dependencies": {"zod": "1.0.0"}}',
  'src/index.ts': `export { run } from './run.ts'\n`,
  'src/run.ts': `import { z } from 'zod'\nexport function run(): unknown {\n  return z\n}\n`,
}

/** What tidy says of a repository of these files, over and above a clean one. */
function problemsOf(
  files: Readonly<Record<string, string>>,
  exceptions: Readonly<Record<string, string>> = {},
  reasons: Readonly<Record<string, string>> = { zod: 'schemas' },
): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'shoal-tidy-'))
  roots.push(root)
  for (const [path, text] of Object.entries({ ...clean, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return tidyProblems(root, exceptions, reasons)
}

const lines = (count: number, line: string): string => `${line}\n`.repeat(count)

test('a tidy repository has no problems', () => {
  expect(problemsOf({})).toEqual([])
})

describe('length', () => {
  test('of a file may be 300 lines and no more, tests and scripts too', () => {
    const long = {
      'bench/a.ts': lines(301, '// a'),
      'test/b.test.ts': lines(301, '// b'),
      'bench/c.ts': lines(300, '// c'),
    }
    expect(problemsOf(long)).toEqual([
      'bench/a.ts: 301 lines, at most 300. Divide it by ideas.',
      'test/b.test.ts: 301 lines, at most 300. Divide it by ideas.',
    ])
  })

  test('of a table may be more where it is excepted, and an exception must be needed', () => {
    expect(problemsOf({ 'bench/a.ts': lines(301, '// a') }, { 'bench/a.ts': 'a table' })).toEqual([])
    expect(problemsOf({ 'bench/a.ts': '// a\n' }, { 'bench/a.ts': 'a table', 'bench/b.ts': 'gone' })).toEqual(
      [
        expect.stringMatching(/^bench\/a\.ts: is excepted/),
        expect.stringMatching(/^bench\/b\.ts: is excepted/),
      ],
    )
  })

  test('of a function may be 70 lines, its own comment aside, and no more', () => {
    const body = (count: number): string => lines(count - 2, '  // x')
    const text = `/** one\n * two */\nfunction fits() {\n${body(70)}}\nfunction long() {\n${body(71)}}\nconst arrow = () => {\n${body(72)}}\nclass A {\n  method() {\n${body(73)}  }\n}\n`
    expect(problemsOf({ 'bench/a.ts': text })).toEqual([
      'bench/a.ts:73: long has 71 lines, at most 70. Divide it.',
      'bench/a.ts:144: a function has 72 lines, at most 70. Divide it.',
      'bench/a.ts:217: method has 73 lines, at most 70. Divide it.',
    ])
    expect(problemsOf({ 'src/a.test.ts': text })).toEqual([])
  })
})

describe('what is dead', () => {
  test('is a file that only tests come to', () => {
    const files = {
      'src/alone.ts': 'const a = 1\nvoid a\n',
      'src/tested.ts': 'const b = 1\nvoid b\n',
      'src/tested.test.ts': `import './tested.ts'\n`,
      'src/some.contract.ts': 'export const suite = 1\n',
    }
    expect(problemsOf(files)).toEqual([
      'src/alone.ts: nothing but tests comes to this file. Use it or delete it.',
      'src/some.contract.ts: no test runs this contract. Run it or delete it.',
      'src/tested.ts: nothing but tests comes to this file. Use it or delete it.',
    ])
  })

  test('is not a worker, a module loaded later, a contract that a test runs, or what a bench uses', () => {
    const files = {
      'src/run.ts': `${clean['src/run.ts']}new URL('./run.worker.ts', import.meta.url)\nvoid import('./later.ts')\n`,
      'src/run.worker.ts': `import type { Later } from './later.ts'\nexport const a: Later = 1\n`,
      'src/later.ts': 'export type Later = number\nexport const later = 1\n',
      'src/some.contract.ts': 'export const suite = 1\n',
      'src/some.test.ts': `import { suite } from './some.contract.ts'\nvoid suite\n`,
      'src/measured.ts': 'export const measured = 1\n',
      'bench/one.ts': `import { measured } from '../src/measured.ts'\nvoid measured\n`,
    }
    expect(problemsOf(files)).toEqual([])
  })

  test('is an export that no other file imports, or only a test', () => {
    const files = {
      'src/run.ts': `${clean['src/run.ts']}export const unused = 1\nexport const own = 2\nvoid own\nexport function tested() {}\n`,
      'src/run.test.ts': `import { tested } from './run.ts'\ntested()\n`,
    }
    expect(problemsOf(files)).toEqual([
      'src/run.ts:5: unused is exported and used nowhere. Use it or delete it.',
      'src/run.ts:6: own is exported and used in its own file only. Drop the `export`.',
      'src/run.ts:8: tested is used by tests only. Use it or delete it.',
    ])
  })

  test('is not an export that is taken under another name, with a namespace or in a type, or that a test shares with its file', () => {
    const files = {
      'src/run.ts': `${clean['src/run.ts']}export interface Options {}\nexport function helper(options: Options) {}\nhelper({})\nexport { a as b } from './a.ts'\n`,
      'src/run.test.ts': `import { helper } from './run.ts'\nvoid helper\n`,
      'src/a.ts': 'export const a = 1\nexport type A = 1\n',
      'src/c.ts': 'export const c = 1\n',
      'bench/one.ts': `import * as c from '../src/c.ts'\nimport { b } from '../src/run.ts'\nexport const one: import('../src/a.ts').A = b\nvoid c\n`,
    }
    expect(problemsOf(files)).toEqual([])
  })
})

describe('dependencies', () => {
  test('that are missing, surplus or without a reason are said', () => {
    const files = {
      'package.json':
        '{"dependencies": {"zod": "1.0.0", "left-pad": "1.0.0"}, "peerDependencies": {"@a/b": "1.0.0"}}',
      'src/run.ts': `import 'pino/file'\nimport '@a/b/c'\nimport 'node:fs'\nexport const run = 1\n`,
      'src/run.test.ts': `import 'vitest'\n`,
    }
    expect(problemsOf(files, {}, { zod: 'schemas', yaml: 'settings', '@a/b': 'heavy' })).toEqual([
      'package.json: left-pad has no reason in scripts/dependencies.ts.',
      'scripts/dependencies.ts: yaml is not among the dependencies of package.json.',
      'package.json: no file of src/ imports zod. Remove it.',
      'package.json: no file of src/ imports left-pad. Remove it.',
      'src/run.ts: imports pino, which is not among the dependencies of package.json.',
    ])
  })

  test('each have a reason', () => {
    for (const [name, reason] of Object.entries(dependencies)) expect(reason.length, name).toBeGreaterThan(20)
  })
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorTable } from '../src/base/errors.ts'
import { errorsPage } from './errors-doc.ts'

test('the page has every code once, with its status and exit code', () => {
  const page = errorsPage()
  for (const [code, { status, exit }] of Object.entries(errorTable)) {
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`))
    expect(rows, code).toHaveLength(1)
    expect(rows[0]).toMatch(new RegExp(`\\| ${status} \\| (yes|no) \\| ${exit} \\|$`))
  }
})

test('the page is a table throughout: every row has five cells', () => {
  const rows = errorsPage()
    .split('\n')
    .filter((line) => line.startsWith('|'))
  for (const row of rows) expect(row.split(/(?<!\\)\|/), row).toHaveLength(7)
})

test('the committed page is the generated one', () => {
  expect(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage())
})

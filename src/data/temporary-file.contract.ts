/** Files that a reader's tests write and read. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { allRows } from './reader.contract.ts'
import type { CallRow, ExampleRow, Row, RowSource, SaidLayout } from './reader.ts'
import { openSource } from './readers.ts'

export interface TemporaryFiles {
  /** Writes a file and opens it. */
  open(name: string, content: string | Uint8Array, said?: SaidLayout): Promise<RowSource>
  /** Writes a file and reads all of it. */
  rows(name: string, content: string | Uint8Array, said?: SaidLayout): Promise<readonly Row[]>
}

/** A folder for the tests of a file, removed behind them. */
export function temporaryFiles(): TemporaryFiles {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-data-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const open: TemporaryFiles['open'] = async (name, content, said) => {
    const file = join(folder, name)
    await writeFile(file, content)
    return openSource(file, said)
  }
  return { open, rows: async (name, content, said) => allRows(await open(name, content, said)) }
}

/** Text and spans of an example, as `label: text` in order. */
export function spansOf(row: Row | undefined): readonly [string, readonly string[]] {
  const example = exampleOf(row)
  if (example.input.kind !== 'text' || example.output.kind !== 'spans') throw new Error('no text with spans')
  return [example.input.text, example.output.spans.map(({ label, text }) => `${label}: ${text}`)]
}

export function exampleOf(row: Row | undefined): ExampleRow {
  if (row?.kind !== 'example') throw new Error(`no example but ${JSON.stringify(row)}`)
  return row
}

export function callOf(row: Row | undefined): CallRow {
  if (row?.kind !== 'call') throw new Error(`no call but ${JSON.stringify(row)}`)
  return row
}

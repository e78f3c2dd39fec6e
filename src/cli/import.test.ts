import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { importCommand } from './import.ts'

let folder = ''
let printed = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-cli-import-'))
  printed = ''
  vi.stubEnv('SHOAL_HOME', join(folder, 'home'))
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += stripVTControlCharacters(String(text))
    return true
  })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const run = async (...args: readonly string[]): Promise<string> => {
  printed = ''
  await importCommand()
    .exitOverride()
    .parseAsync([...args], { from: 'user' })
  return printed
}
const put = async (content: string): Promise<string> => {
  const file = join(folder, 'tickets.csv')
  await writeFile(file, content)
  return file
}
const rows = (count: number): string =>
  `body;category\n${Array.from({ length: count }, (_, at) => `ticket number ${at};${at % 4 ? 'bug' : 'refund'}\n`).join('')}`

describe('shoal import', () => {
  it('shows how the file was understood and what came in', async () => {
    const file = await put(`${rows(200)}Ticket number 3;refund\n`)
    const text = await run(file, '--task', 'tickets')
    expect(text).toContain(`${file}  csv: semicolon-separated, with a header, 201 rows`)
    expect(text).toContain('input: body (by its name), output: category (by its name)')
    expect(text).toMatch(/bug +150 +74\.6%\n +refund +51 +25\.4%/)
    expect(text).toContain(`1 row repeats an input, as ${file}:202 repeats ${file}:5`)
    expect(text).toContain('Imported into tickets: 201 new examples. Next: shoal train tickets')
  })

  it('prints one JSON document and nothing else', async () => {
    const file = await put(rows(200))
    expect(JSON.parse(await run(file, '--task', 'tickets', '--json'))).toMatchObject({
      task: 'tickets',
      dryRun: false,
      rows: 200,
      labels: { distinct: 2 },
      stored: { added: 200, repeated: 0, calls: 0 },
    })
  })

  it('reports and imports nothing in a dry run', async () => {
    const file = await put(rows(200))
    expect(await run(file, '--task', 'tickets', '--dry-run')).toContain('Nothing was imported (--dry-run).')
    expect(await readdir(join(folder, 'home'))).not.toContain('store.db')
    expect(JSON.parse(await run(file, '--task', 'tickets', '--json'))).toMatchObject({
      stored: { added: 200 },
    })
  })

  it('takes columns, delimiter and header as they are said', async () => {
    const file = await put(rows(20))
    const text = await run(
      file,
      '--task',
      't',
      '--no-header',
      '--input',
      '1',
      '--output',
      '2',
      '--delimiter',
      ';',
    )
    expect(text).toContain('without a header, 21 rows')
  })

  it.each([
    [['--task', 'Bad Task'], /is not a task name/],
    [['--task', 't', '--delimiter', ';;'], /not one character/],
    [['--task', 't', '--format', 'xlsx'], /Allowed choices are auto, csv, tsv, jsonl, json, parquet, conll/],
    [['--task', 't', '--output', 'kategory'], /Did you mean "category"\? Its columns are: body, category\./],
    [[], /required option '--task <task>' not specified/],
    [['--task', 't', '--inptu', 'x'], /unknown option '--inptu'\n\(Did you mean --input\?\)/],
  ])('refuses %j', async (flags, message) => {
    await expect(run(await put(rows(20)), ...flags)).rejects.toThrow(message)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { LedgerRow } from '../meter/ledger-row.ts'
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import type { Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { type ImportOptions, type ImportOutcome, importFiles, reviewFiles } from './import.ts'
import { loadExamples } from './read-files.ts'

const task = taskId('support')
const ledgerRow = (call: Call): LedgerRow => ({
  call: call.id,
  atMs: call.atMs,
  task,
  servedBy: call.servedBy,
  tier: 'upstream',
  isAudit: false,
  promptTokens: call.usage?.promptTokens ?? 0,
  completionTokens: call.usage?.completionTokens ?? 0,
  tokensAre: 'reported',
  costUsd: 0.25,
  avoidedUsd: 0,
  priceDate: '2026-11-01',
  latencyMs: call.latencyMs,
  cpuMs: 0,
  energyJoules: 0,
  energyIs: 'cpu-time',
})

let folder = ''
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-import-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}
const options = (more: Partial<ImportOptions> = {}): ImportOptions => ({
  task,
  mask: maskedText,
  maskBody: maskJsonText,
  ledgerRow,
  ...more,
})
const bring = (files: readonly string[], more: Partial<ImportOptions> = {}): Promise<ImportOutcome> =>
  importFiles(store, files, options(more))
const stored = async (): Promise<readonly Example[]> => {
  const found: Example[] = []
  for await (const example of store.examples.iterate(task)) found.push(example)
  return found
}
const csv = (rows: number): string =>
  `text,label,customer\n${Array.from({ length: rows }, (_, at) => `question number ${at},label ${at % 3},c${at % 50}\n`).join('')}`

describe('an import of labelled files', () => {
  it('keeps each row with its label, its group and where it came from', async () => {
    const outcome = await bring([await put('a.csv', csv(100))], { columns: { group: 'customer' } })
    expect(outcome.stored).toEqual({ added: 100, repeated: 0, calls: 0 })
    expect(outcome.report.files[0]).toMatchObject({
      format: 'csv',
      rows: 100,
      chosen: { input: 'text', output: 'label', group: 'customer' },
    })
    const examples = await stored()
    expect(examples).toHaveLength(100)
    expect(examples[7]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      input: { kind: 'text', text: 'question number 7' },
      output: { kind: 'labels', labels: ['label 1'] },
      source: 'gold',
      weight: 1,
      group: 'c7',
    })
  })

  it('stores nothing twice, in one file or in two runs', async () => {
    const file = await put('a.csv', `${csv(50)}question number 3,label 0,c3\n`)
    const first = await bring([file])
    expect(first.stored).toEqual({ added: 50, repeated: 1, calls: 0 })
    expect(first.report.duplicates).toMatchObject({ rows: 1, contradictoryRows: 0 })
    expect(first.report.duplicates.samples).toEqual([
      { first: { file, line: 5 }, second: { file, line: 52 } },
    ])
    expect((await bring([file])).stored).toEqual({ added: 0, repeated: 51, calls: 0 })
    expect(await store.examples.count(task)).toBe(50)
  })

  it('masks personal data before it is kept, groups too', async () => {
    const text = 'text,label,customer\nwrite to ann@example.com,mail,ann@example.com\nnothing here,other,c2\n'
    const outcome = await bring([await put('a.csv', text)], { columns: { group: 'customer' } })
    expect(outcome.report.maskedRows).toBe(1)
    const [first, second] = await stored()
    expect(JSON.stringify(first)).not.toContain('ann@')
    expect(first?.input).toEqual({ kind: 'text', text: 'write to [EMAIL]' })
    expect(first?.group).toMatch(/^group-[0-9a-f]{24}$/)
    expect(second?.group).toBe('c2')
  })

  it('reports twins with another label and imports nothing in a review', async () => {
    const file = await put('a.csv', 'text,label\nwhere is it,a\nWhere  is it,b\n')
    const { report, stored: kept } = await reviewFiles([file], options())
    expect(kept).toBeUndefined()
    expect(report.duplicates.contradictions).toEqual([
      { first: { file, line: 2 }, second: { file, line: 3 }, output: 'b' },
    ])
    expect(await store.examples.count(task)).toBe(0)
  })

  it('leaves out rows without an input or an output, and says where', async () => {
    const file = await put('a.csv', 'text,label\na,x\n,x\nb,\nc,y\n')
    const { report } = await bring([file])
    expect(report.leftOut).toEqual([
      { reason: 'no input', rows: 1, samples: [{ file, line: 3 }] },
      { reason: 'no output', rows: 1, samples: [{ file, line: 4 }] },
    ])
    expect(report.examples).toBe(2)
  })

  it('takes one class, two rows and labels that are alike, with a warning for each', async () => {
    const { report } = await bring([await put('a.csv', 'text,label\na,Yes\nb,yes\n')])
    expect(report.warnings).toHaveLength(3)
    const one = await bring([await put('b.csv', 'text,label\nc,yes\nd,yes\n')])
    expect(one.report.warnings.join()).toMatch(/same output, "yes"/)
  })

  it('takes a text of ten million characters as it is', async () => {
    const text = 'lorem ipsum '.repeat(833_334)
    await bring([await put('a.csv', `text,label\n${text},x\nshort,y\n`)])
    expect((await stored())[0]?.input).toEqual({ kind: 'text', text })
  })

  it('counts the bytes of all files as progress', async () => {
    const files = [await put('a.csv', csv(9000)), await put('b.csv', csv(10))]
    const seen: number[] = []
    await bring(files, { progress: ({ done, total }) => seen.push(done / total!) })
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })
})

describe('an import that fails leaves nothing', () => {
  const refused = async (files: readonly string[], code: string): Promise<Error> => {
    const error: unknown = await bring(files).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code })
    expect(await stored()).toEqual([])
    expect(await store.examples.count(task)).toBe(0)
    return error as Error
  }

  it('at a broken quote in row 70,000', async () => {
    const rows = Array.from({ length: 75_000 }, (_, at) => `"a text, number ${at}",label ${at % 3}`)
    rows[69_999] = '"a text that never ends,label 1'
    const error = await refused([await put('a.csv', `text,label\n${rows.join('\n')}\n`)], 'data.quote')
    expect(error.message).toContain('a.csv, line 70001, column 1: the quote that opens here')
  })

  it('at a byte that is not UTF-8', async () => {
    const bytes = Buffer.from(csv(20_000))
    bytes[bytes.length - 10] = 0xc3
    const error = await refused([await put('a.csv', bytes)], 'data.encoding')
    expect(error.message).toMatch(/line 20001, byte \d+ of the line: the byte 0xC3/)
  })

  it('at half a character and at a NUL', async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => JSON.stringify({ text: `t ${at}`, label: 'a' }))
    const error = await refused(
      [await put('a.jsonl', [...rows, '{"text": "x\\udc1f", "label": "b"}'].join('\n'))],
      'data.character',
    )
    expect(error.message).toContain('line 5001, "text"')
    await refused([await put('b.csv', csv(5000).replace('number 4000', 'num\0ber'))], 'data.encoding')
  })

  it('at a second file that is bad, a wrong column, an empty file, a header alone, no file, or a folder', async () => {
    const good = await put('good.csv', csv(3000))
    await refused([good, await put('bad.csv', 'text,label\na,b\nc,d\ne\n')], 'data.fields')
    await refused([good, await put('none.csv', '')], 'data.empty')
    await refused([good, await put('head.csv', 'text,label\n')], 'data.empty')
    await refused([good, join(folder, 'missing.csv')], 'data.file-unreadable')
    await refused([folder], 'data.file-unreadable')
    await refused([await put('blank.csv', 'text,label\n,a\n,b\n')], 'data.nothing-usable')
    const error: unknown = await bring([good], { columns: { output: 'lable' } }).catch(
      (cause: unknown) => cause,
    )
    expect(error).toMatchObject({ code: 'data.column-unknown' })
    expect(String(error)).toContain('Did you mean "label"? Its columns are: text, label, customer.')
  })

  it('when it is cancelled', async () => {
    const stopping = new AbortController()
    const file = await put('a.csv', csv(30_000))
    const running = bring([file], {
      signal: stopping.signal,
      progress: ({ done, total }) => done > total! / 2 && stopping.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    expect(await stored()).toEqual([])
    expect((await bring([file])).stored?.added).toBe(30_000)
  })
})

describe('an import of logged calls', () => {
  const entry = (at: number, content: string, status = 200): string =>
    `${JSON.stringify({
      timestamp: 1_790_000_000 + at,
      latency_ms: 300,
      status,
      request: { model: 'big-1', messages: [{ role: 'user', content: `call +1 415 555 0132 about ${at}` }] },
      response: {
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 9, completion_tokens: 1 },
      },
    })}\n`
  const log = Array.from({ length: 30 }, (_, at) => entry(at, at % 2 ? 'yes' : 'no')).join('')

  it('keeps them as masked calls of the task with their ledger rows', async () => {
    const outcome = await bring([await put('log.jsonl', log + entry(30, '', 500))])
    expect(outcome.stored).toEqual({ added: 0, repeated: 0, calls: 31 })
    expect(outcome.report).toMatchObject({
      rows: 31,
      examples: 30,
      maskedRows: 30,
      leftOut: [{ reason: 'the answer is an error', rows: 1 }],
    })
    const calls: Call[] = []
    for await (const call of store.calls.iterate({ task })) calls.push(call)
    expect(calls).toHaveLength(31)
    expect(calls[0]).toMatchObject({
      atMs: 1_790_000_000_000,
      wire: 'openai-chat',
      task,
      model: 'big-1',
      servedBy: 'upstream',
      reason: 'imported',
      status: 200,
      latencyMs: 300,
      usage: { promptTokens: 9, completionTokens: 1, source: 'reported' },
    })
    expect(calls[0]?.request).toContain('call [PHONE] about 0')
    expect(await store.ledger.totals()).toMatchObject({ calls: 31, costUsd: 31 * 0.25 })
  })

  it('does not keep the same log twice', async () => {
    const file = await put('log.jsonl', log)
    await bring([file])
    await bring([file])
    expect(await store.calls.count({ task })).toBe(30)
  })

  it('leaves nothing when a line is no call', async () => {
    const file = await put('log.jsonl', `${log}{"request": {"messages": []}}\n`)
    await expect(bring([file])).rejects.toMatchObject({ code: 'data.log-entry', details: { line: 31 } })
    expect(await store.calls.count({ task })).toBe(0)
  })

  it('is not mixed with labelled rows, nor taken for them', async () => {
    const files = [await put('a.csv', csv(5)), await put('log.jsonl', log)]
    await expect(bring(files)).rejects.toMatchObject({ code: 'data.mixed-kinds' })
    await expect(loadExamples([files[1]!], { mask: maskedText })).rejects.toMatchObject({
      code: 'data.not-labelled',
    })
    expect((await loadExamples([files[0]!], { mask: maskedText })).examples).toHaveLength(5)
  })
})

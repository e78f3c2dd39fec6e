import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { DataFindings } from '../eval/data-findings.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import { applyFixes, fixesNamed } from './fix-rows.ts'
import { importFixed } from './import-fixed.ts'

async function tickets(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-fix-'))
  const rows = Array.from({ length: 60 }, (_, at) => {
    const name = at % 2 === 0 ? 'billing' : 'login'
    const text = at % 2 === 0 ? `invoice and refund number ${at}` : `password of account ${at} reset`
    return `${text},${at === 10 ? 'login' : name}`
  })
  const file = join(folder, 'tickets.csv')
  await writeFile(file, ['text,label', ...rows, 'invoice and refund number 0,billing', ''].join('\n'))
  return file
}

async function importTickets(names: Parameters<typeof fixesNamed>[1]) {
  const file = await tickets()
  const store = await openLibsqlStore({ path: `${file}.db` })
  try {
    const task = taskId('tickets')
    const outcome = await importFixed(store, [file], {
      task,
      mask: (text) => text,
      maskBody: (text) => text,
      ledgerRow: () => {
        throw new Error('no calls here')
      },
      seed: 0,
      decide: async (_rows, findings) => ({ ...fixesNamed(findings, names), relabelledBy: 'synthetic' }),
    })
    const kept = []
    for await (const example of store.examples.iterate(task)) kept.push(example)
    return { outcome, kept }
  } finally {
    await store.close()
  }
}

test('a flipped label is changed where that was named, with its place, and marked as proposed by a program', async () => {
  const { outcome, kept } = await importTickets(['relabel-suspects'])
  expect(outcome.relabelled).toContainEqual({
    place: expect.objectContaining({ line: 12 }),
    from: 'login',
    to: 'billing',
  })
  expect(outcome.dropped).toEqual([])
  const changed = kept.find(({ input }) => input.kind === 'text' && /number 10$/.test(input.text))
  expect(changed).toMatchObject({ output: { labels: ['billing'] }, source: 'synthetic' })
})

test('what is not named stays: nothing is dropped or changed', async () => {
  const { outcome, kept } = await importTickets([])
  expect(outcome.relabelled).toEqual([])
  expect(outcome.dropped).toEqual([])
  expect(kept).toHaveLength(60)
  expect(kept.find(({ input }) => input.kind === 'text' && /number 10$/.test(input.text))).toMatchObject({
    output: { labels: ['login'] },
    source: 'gold',
  })
})

test('a row that is dropped is not relabelled', () => {
  const findings = {
    duplicates: { rows: [3] },
    labelErrors: { suspects: [3, 4].map((row) => ({ row, given: 'a', likely: 'b', selfConfidence: 0 })) },
  } as unknown as DataFindings
  const fixes = fixesNamed(
    {
      ...findings,
      nearDuplicates: { rows: [], pairs: [] },
      contradictions: { rows: [] },
      tooLong: { rows: [] },
    },
    ['drop-duplicates', 'relabel-suspects'],
  )
  expect([...fixes.drop]).toEqual([3])
  expect([...fixes.relabel]).toEqual([[4, 'b']])
  expect(applyFixes([], fixes, 'human')).toEqual([])
})

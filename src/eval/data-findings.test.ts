import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import { type DataFindings, findInData } from './data-findings.ts'
import { summaryOf } from './findings-summary.ts'

const words = {
  billing: ['invoice', 'charged', 'refund', 'payment', 'receipt', 'price'],
  login: ['password', 'account', 'locked', 'sign', 'reset', 'code'],
  delivery: ['parcel', 'courier', 'late', 'address', 'tracking', 'box'],
} as const
const names = Object.keys(words) as (keyof typeof words)[]

function row(text: string, label: string): Example {
  const input = { kind: 'text', text } as const
  return {
    id: exampleId(input),
    input,
    output: { kind: 'labels', labels: [label] },
    source: 'gold',
    weight: 1,
  }
}

const random = seededRandom(7)
const filler = (): string => `w${random.below(400)}`

function textOf(name: keyof typeof words): string {
  const own = words[name]
  const told = Array.from({ length: 3 }, () => own[random.below(own.length)]!)
  return [filler(), told[0], filler(), filler(), told[1], filler(), told[2], filler(), filler()].join(' ')
}

const clean = Array.from({ length: 600 }, (_, at) => row(textOf(names[at % 3]!), names[at % 3]!))

test('labels that were flipped are the first suspects, and learning without them helps', async () => {
  const flipped = new Set(Array.from({ length: 30 }, (_, at) => at * 20))
  const dirty = clean.map((example, at) =>
    flipped.has(at) && example.input.kind === 'text'
      ? row(example.input.text, names[(at + 1) % 3]!)
      : example,
  )
  const { labelErrors } = await findInData(dirty, { seed: 0 })
  const first = labelErrors!.suspects.slice(0, flipped.size)
  expect(first.filter((suspect) => flipped.has(suspect.row)).length).toBeGreaterThanOrEqual(27)
  expect(first.find(({ row }) => row === 20)).toMatchObject({ given: names[0], likely: names[2] })
  expect(labelErrors!.errorShare).toBeGreaterThan(0.03)
  expect(labelErrors!.errorShare).toBeLessThan(0.08)
  expect(labelErrors!.withoutSuspects.value).toBeGreaterThanOrEqual(labelErrors!.withSuspects.value)
})

async function found(extra: readonly Example[], test?: readonly Example[]): Promise<DataFindings> {
  return findInData([...clean, ...extra], { seed: 0, ...(test && { test }) })
}

test('repeats, near repeats and contradictions are told apart', async () => {
  const [first, second, third] = clean.map(({ input }) => (input.kind === 'text' ? input.text : ''))
  const findings = await found([
    row(first!.toUpperCase(), names[0]!),
    row(`${second} so`, names[1]!),
    row(third!, names[0]!),
  ])
  expect(findings.duplicates.rows).toEqual([600, 602])
  expect(findings.nearDuplicates.pairs).toMatchObject([{ row: 601, of: 1 }])
  expect(findings.contradictions.rows).toEqual([2, 602])
})

test('small classes, long texts and test rows among the training rows are named', async () => {
  const findings = await found(
    [row('something else entirely', 'other'), row('long '.repeat(1000), names[0]!)],
    [clean[5]!, row('never seen before at all', 'login')],
  )
  expect(findings.smallClasses).toMatchObject({ labels: ['other'], rows: [600] })
  expect(findings.smallClasses.effect!.named).toMatchObject({ value: 0 })
  expect(findings.tooLong.rows).toEqual([601])
  expect(findings.leaks).toEqual({ rows: [5], testRows: [0] })
  const summary = summaryOf(findings, clean)
  expect(summary.leaks).toEqual({ rows: 1 })
  expect(summary.labels).toHaveLength(3)
  expect(summary.score!.value).toBeGreaterThan(0.95)
})

test('outputs that are no labels have their repeats looked at, and nothing else', async () => {
  const spans = clean.map((example) => ({ ...example, output: { kind: 'spans', spans: [] } as const }))
  const findings = await findInData([...spans, spans[0]!], { seed: 0 })
  expect(findings.duplicates.rows).toEqual([600])
  expect(findings).not.toHaveProperty('labelErrors')
  expect(findings).not.toHaveProperty('score')
  expect(summaryOf(findings, spans).labels).toEqual([])
})

test('it can be stopped', async () => {
  await expect(findInData(clean, { seed: 0, signal: AbortSignal.abort() })).rejects.toThrow(/Cancelled/)
})

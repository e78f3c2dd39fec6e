import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import { answerText, plainFields } from '../task/extraction.ts'
import type { LearnedTask } from '../task/from-calls.ts'
import type { Span, Task, TaskOutput } from '../task/types.ts'
import { outputSpace, type SpaceInput } from './output-space.ts'

const task = taskId('people')

function example(text: string, output: TaskOutput): Example {
  const input = { kind: 'text', text } as const
  return { id: exampleId(input), input, output, source: 'gold', weight: 1 }
}

function tagged(text: string, piece: string, label?: string): Example {
  const start = text.indexOf(piece)
  const span: Span = { start, end: start + piece.length, text: piece, ...(label !== undefined && { label }) }
  return example(text, { kind: 'spans', spans: [span] })
}

const labelled = (label: string): Example =>
  example(`a text of ${label}`, { kind: 'labels', labels: [label] })

function space(input: Partial<SpaceInput>) {
  return outputSpace({ task, mergeLabels: false, imported: [], fromCalls: [], ...input })
}

test('rows with spans are an extraction with their labels, written as JSON', () => {
  const imported = [
    tagged('I am Ada', 'Ada', 'name'),
    tagged('in Rome', 'Rome', 'city'),
    tagged('in Oslo', 'Oslo'),
  ]
  const found = space({ imported })
  expect(found).toMatchObject({
    kind: 'extraction',
    space: { kind: 'spans', labels: ['city', 'entity', 'name'] },
  })
  const [first] = found.examples
  expect(answerText(found.rendering, first!.input, first!.output)).toBe(
    '{"entities":[{"text":"Ada","label":"name","start":5,"end":8}]}',
  )
})

test('rows with labels are a classification', () => {
  const found = space({ imported: [labelled('a'), labelled('b')] })
  expect(found).toMatchObject({
    kind: 'classification',
    space: { labels: ['a', 'b'] },
    rendering: { kind: 'text' },
  })
})

test('labels and spans together, and spans said to be labels, are refused with their counts', () => {
  const both = [labelled('a'), labelled('b'), tagged('I am Ada', 'Ada', 'name')]
  expect(() => space({ imported: both })).toThrow(/2 have labels, 1 have spans/)
  expect(() => space({ imported: [both[2]!], said: 'classification' })).toThrow(
    /do not go together as classification/,
  )
  expect(() =>
    space({ imported: both.slice(0, 2), fromCalls: [both[2]!], learned: learnedFields(['name']) }),
  ).toThrow(/do not go together as extraction/)
})

test('no spans at all, and one label, are errors that say so', () => {
  expect(() => space({ imported: [example('nothing', { kind: 'spans', spans: [] })] })).toThrow(/no spans/)
  expect(() => space({ imported: [labelled('a')] })).toThrow(/people/)
})

test('a column of JSON answers is learned as fields where extraction is said', () => {
  const names = ['Ada', 'Tim', 'Bob', 'Wei', 'Eva']
  const imported = Array.from({ length: 40 }, (_, index) => {
    const name = names[index % 5]!
    return example(`Mail ${index} of ${name}.`, { kind: 'labels', labels: [`{"name": "${name}"}`] })
  })
  const found = space({ imported, said: 'extraction' })
  expect(found).toMatchObject({
    kind: 'extraction',
    space: { labels: ['name'] },
    rendering: { kind: 'fields' },
  })
  expect(found.examples[0]!.output).toMatchObject({ kind: 'spans', spans: [{ text: 'Ada' }] })
  const summaries = imported.map((row, at) => ({
    ...row,
    output: { kind: 'labels', labels: [`{"sum": "no ${at * 7}x"}`] } as TaskOutput,
  }))
  expect(() => space({ imported: summaries, said: 'extraction' })).toThrow(/"sum": its values .* Seen: /s)
})

test('spans whose labels the answers of the calls do not have are refused', () => {
  const imported = [tagged('in Rome', 'Rome', 'city')]
  const learned = learnedFields(['name'])
  expect(() => space({ imported, learned })).toThrow(
    /spans of city, but the answers of its calls only say name/,
  )
  const fitting = space({ imported: [tagged('I am Ada', 'Ada', 'name')], learned })
  expect(fitting.rendering).toBe(learned.rendering)
})

test('fields whose values were masked are named', () => {
  const found = space({
    imported: [tagged('to [EMAIL]', '[EMAIL]', 'to'), tagged('I am Ada', 'Ada', 'name')],
  })
  expect(found.notes.join(' ')).toMatch(/^to: personal data, masked/)
})

test('what a task was written as before stays, where it fits', () => {
  const rendering = plainFields(['name', 'other'])
  const known: Task = {
    id: task,
    kind: 'extraction',
    space: { kind: 'spans', labels: ['name', 'other'] },
    rendering,
    risk: { risk: 0.02, delta: 0.05 },
    masked: true,
    paused: false,
  }
  expect(space({ known, imported: [tagged('I am Ada', 'Ada', 'name')] }).rendering).toBe(rendering)
  expect(space({ known, imported: [tagged('in Rome', 'Rome', 'city')] }).rendering).toEqual(
    plainFields(['city']),
  )
})

function learnedFields(labels: readonly string[]): LearnedTask {
  return {
    kind: 'learned',
    taskKind: 'extraction',
    template: { messages: [] },
    space: { kind: 'spans', labels },
    rendering: plainFields(labels),
    examples: [],
    leftOut: [],
    merged: [],
    neverSeen: [],
    notes: [],
  }
}

test('a label that the test rows write in another case is the same label, or is refused', () => {
  const input = { imported: [labelled('Card'), labelled('Loan')], test: [labelled('card'), labelled('Loan')] }
  const labelsOf = (rows: readonly Example[] | undefined) =>
    rows?.map(({ output }) => output.kind === 'labels' && output.labels[0])
  expect(labelsOf(space({ ...input, mergeLabels: true }).test)).toEqual(['Card', 'Loan'])
  expect(() => space(input)).toThrow(/"Card" \(1\) and "card" \(1\)/)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duplicateKey } from './duplicate-key.ts'
import type { Example, ExampleSet } from './example.ts'
import { exampleId, exampleSet } from './example-set.ts'
import { splitExamples, splitRecord, trainable } from './splits.ts'

const example = (text: string, label: string, group?: string): Example => ({
  id: exampleId({ kind: 'text', text }),
  input: { kind: 'text', text },
  output: { kind: 'labels', labels: [label] },
  source: 'gold',
  weight: 1,
  ...(group !== undefined && { group }),
})
const plain = Array.from({ length: 1000 }, (_, at) => example(`text ${at}`, `label ${at % 10}`))
const keysOf = (set: ExampleSet): ReadonlySet<string> =>
  new Set(
    set.examples.flatMap(({ input, group }) => [
      JSON.stringify(duplicateKey(input)),
      ...(group === undefined ? [] : [`group ${group}`]),
    ]),
  )
const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] =>
  [...a].filter((key) => b.has(key))
const readable = ({ input }: Example): string => (input.kind === 'text' ? input.text : '')
const labelOf = ({ output }: Example): string => (output.kind === 'labels' ? output.labels[0]! : '')

describe('splits', () => {
  it('hold every row once, in shares as said, each label alike', () => {
    const splits = splitExamples(plain, { seed: 0, fractions: { train: 0.5, calibration: 0.3, test: 0.2 } })
    const sizes = [splits.train, splits.calibration, splits.test].map(({ examples }) => examples.length)
    expect(sizes.map((size, at) => Math.abs(size - [500, 300, 200][at]!) <= 2)).toEqual([true, true, true])
    expect(new Set([splits.train, splits.calibration, splits.test].flatMap((set) => set.examples)).size).toBe(
      1000,
    )
    for (let label = 0; label < 10; label++) {
      const count = splits.train.examples.filter((row) => labelOf(row) === `label ${label}`).length
      expect(Math.abs(count - 50)).toBeLessThanOrEqual(2)
    }
  })

  it('leave rows where an earlier split put them, with all that belongs to them', () => {
    const before = splitExamples(plain, { seed: 0 })
    const settled = new Map(
      (['train', 'calibration', 'test'] as const).flatMap((part) =>
        before[part].examples.map((row) => [row.id, part] as const),
      ),
    )
    const learned = before.train.examples[0]!
    const added = Array.from({ length: 500 }, (_, at) => example(`new ${at}`, `label ${at % 10}`))
    const twin = example(readable(learned).toUpperCase(), labelOf(learned))
    const after = splitExamples([...added, twin, ...plain], { seed: 5, settled })
    for (const part of ['train', 'calibration', 'test'] as const) {
      const ids = new Set(after[part].examples.map(({ id }) => id))
      expect(before[part].examples.every(({ id }) => ids.has(id))).toBe(true)
      const dealt = after[part].examples.filter(({ id }) => !settled.has(id) && id !== twin.id).length
      expect(Math.abs(dealt - { train: 300, calibration: 100, test: 100 }[part])).toBeLessThanOrEqual(10)
    }
    expect(after.train.examples).toContain(twin)
    const given = splitExamples(plain, { seed: 5, settled, test: [example('apart', 'label 1')] })
    expect(given.train.examples.length + given.calibration.examples.length).toBe(1000)
  })

  it('share no group and no duplicate (property)', () => {
    const row = fc.record({
      text: fc.constantFrom('a', 'A ', 'b', 'c', 'd', 'e', 'f  f', 'F f', 'g', 'h'),
      label: fc.constantFrom('x', 'y'),
      group: fc.option(fc.constantFrom('1', '2', '3', '4', '5', '6'), { nil: undefined }),
    })
    const rows = fc.array(row, { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(rows, fc.nat(), (drawn, seed) => {
        const examples = drawn.map(({ text, label, group }) => example(text, label, group))
        const splits = splitExamples(examples, { seed })
        const sets = [splits.train, splits.calibration, splits.test]
        expect(sets.reduce((sum, set) => sum + set.examples.length, 0)).toBe(examples.length)
        const [train, calibration, test] = sets.map(keysOf)
        expect(shared(train!, calibration!)).toEqual([])
        expect(shared(train!, test!)).toEqual([])
        expect(shared(calibration!, test!)).toEqual([])
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('are the same for a seed and others for another', () => {
    const [first, again, other] = [0, 0, 1].map((seed) => splitExamples(plain, { seed }))
    expect(again!.test.digest).toBe(first!.test.digest)
    expect(other!.test.digest).not.toBe(first!.test.digest)
  })

  it('put a row into each part as often as the share says, even the only row of its label', () => {
    const examples = [...plain.slice(0, 50), example('alone', 'rare')]
    const counts = [0, 0, 0]
    for (let seed = 0; seed < 600; seed++) {
      const splits = splitExamples(examples, { seed })
      const parts = [splits.train, splits.calibration, splits.test]
      counts[parts.findIndex((set) => set.examples.some((row) => labelOf(row) === 'rare'))]!++
    }
    // Four standard deviations of a binomial with 600 draws.
    expect(Math.abs(counts[0]! - 360)).toBeLessThan(48)
    expect(Math.abs(counts[1]! - 120)).toBeLessThan(40)
    expect(Math.abs(counts[2]! - 120)).toBeLessThan(40)
  })

  it('keep a given test set and drop its duplicates and its groups from the others', () => {
    const test = [example('TEXT 3', 'label 3'), example('new', 'label 1', 'g')]
    const examples = [...plain.slice(0, 20), example('other', 'label 2', 'g')]
    const splits = splitExamples(examples, { seed: 0, test })
    expect(splits.test.examples).toEqual(test)
    expect(splits.dropped.map(({ input }) => input)).toEqual([
      { kind: 'text', text: 'text 3' },
      { kind: 'text', text: 'other' },
    ])
    expect(splits.train.examples.length + splits.calibration.examples.length).toBe(19)
  })

  it('of one row or two do not fail', () => {
    for (const rows of [plain.slice(0, 1), plain.slice(0, 2), []]) {
      const { train, calibration, test } = splitExamples(rows, { seed: 3 })
      expect(train.examples.length + calibration.examples.length + test.examples.length).toBe(rows.length)
    }
  })

  it('of 70,000 rows take less than three seconds', () => {
    const rows = Array.from({ length: 70_000 }, (_, at) => example(`a text of row ${at}`, String(at % 2)))
    const start = performance.now()
    const splits = splitExamples(rows, { seed: 0 })
    expect(performance.now() - start).toBeLessThan(3000)
    expect(Math.abs(splits.train.examples.length - 42_000)).toBeLessThan(3)
  })

  it('are recorded by the ids of their rows in order', () => {
    const splits = splitExamples(plain.slice(0, 30), { seed: 0 })
    const ids = splitRecord(splits).train.split('\n')
    expect(ids).toEqual(splits.train.examples.map(({ id }) => id))
  })

  it('have digests that depend on inputs, outputs and order', () => {
    const [a, b, other] = [example('a', 'x'), example('b', 'x'), example('a', 'y')]
    const digests = [[a, b], [b, a], [other, b], [a]].map((rows) => exampleSet(rows).digest)
    expect(new Set(digests).size).toBe(4)
    expect(exampleSet([a, { ...b, weight: 2 }]).digest).toBe(digests[0])
  })
})

it('rows of spans are dealt by their rarest label, so that each part has some of it', () => {
  const tagged = (index: number, label: string): Example => {
    const input = { kind: 'text', text: `row ${index}` } as const
    const spans = ['common', label].map((name, at) => ({ start: at, end: at + 1, label: name, text: 'r' }))
    return { id: exampleId(input), input, output: { kind: 'spans', spans }, source: 'gold', weight: 1 }
  }
  const rows = Array.from({ length: 200 }, (_, index) => tagged(index, index % 20 === 0 ? 'rare' : 'usual'))
  for (const seed of [0, 1, 2]) {
    const splits = splitExamples(rows, { seed })
    for (const set of [splits.train, splits.calibration, splits.test]) {
      const rare = set.examples.filter(({ output }) => JSON.stringify(output).includes('rare')).length
      expect(Math.abs(rare / set.examples.length - 0.05)).toBeLessThan(0.03)
    }
  }
})

it('rows whose output is not of the space’s kind are kept from training alone', () => {
  const input = { kind: 'text', text: 'a' } as const
  const row = (output: Example['output']): Example => ({
    id: exampleId(input),
    input,
    output,
    source: 'teacher',
    weight: 1,
  })
  const set = exampleSet([row({ kind: 'spans', spans: [] }), row({ kind: 'text', text: 'I cannot say.' })])
  expect(trainable(set, { kind: 'spans', labels: [] }).examples).toEqual([set.examples[0]])
  expect(trainable(trainable(set, { kind: 'text' }), { kind: 'text' }).examples).toEqual([set.examples[1]])
})

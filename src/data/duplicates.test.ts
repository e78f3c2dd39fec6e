import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duplicateKey, key64, normalisedText } from './duplicate-key.ts'
import { DuplicateFinder } from './duplicates.ts'
import { KeyTable } from './key-table.ts'

describe('duplicates', () => {
  it('differ in nothing but case, white space and Unicode form', () => {
    expect(normalisedText('  Cafe\u0301\n\u00a0 am  Fluss ')).toBe('café am fluss')
    const key = duplicateKey({ kind: 'text', text: 'Café am Fluss' })
    expect(duplicateKey({ kind: 'text', text: ' CAFE\u0301 am\tfluss' })).toEqual(key)
    expect(duplicateKey({ kind: 'text', text: 'Café am Fluss.' })).not.toEqual(key)
  })

  it('are counted beyond the first row, with the rows that contradict it', () => {
    const finder = new DuplicateFinder()
    const rows = [
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
      ['a', 'y'],
      ['a', 'z'],
      ['b', 'x'],
      ['c', 'y'],
    ]
    rows.forEach(([text, output], at) => {
      finder.add({
        key: key64(text!),
        output: output!,
        place: { file: at < 4 ? 'one' : 'two', line: at + 1 },
      })
    })
    const report = finder.report()
    expect(report).toMatchObject({ rows: 4, contradictoryRows: 2, contradictoryInputs: 1 })
    expect(report.samples[0]).toEqual({ first: { file: 'one', line: 1 }, second: { file: 'one', line: 3 } })
    expect(report.contradictions).toEqual([
      { first: { file: 'one', line: 1 }, second: { file: 'one', line: 4 }, output: 'y' },
      { first: { file: 'one', line: 1 }, second: { file: 'two', line: 5 }, output: 'z' },
    ])
  })

  it('are found among many rows as a Map finds them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3000 }), { minLength: 1000, maxLength: 6000 }), (numbers) => {
        const [table, map] = [new KeyTable(), new Map<number, number>()]
        for (const value of numbers) {
          if (!map.has(value)) map.set(value, map.size)
          expect(table.add(key64(String(value)))).toBe(map.get(value))
        }
        expect(table.size).toBe(map.size)
        expect(table.find(key64('not there'))).toBeUndefined()
      }),
      { numRuns: 5, seed: 1 },
    )
  })

  it('in a table are told apart though their low halves are the same', () => {
    const table = new KeyTable()
    expect([0, 1, 2, 1].map((high) => table.add({ high, low: 0xffffffff }))).toEqual([0, 1, 2, 1])
  })
})

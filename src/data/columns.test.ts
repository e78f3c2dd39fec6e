import { describe, expect, it } from 'vitest'
import { chooseColumns, nearestName, type SaidColumns } from './columns.ts'
import type { RowSource } from './reader.ts'

const source = (columns: readonly string[], rows: readonly (readonly string[])[]): RowSource => ({
  file: 'data.csv',
  format: 'csv',
  yields: 'record',
  description: '',
  columns,
  preview: rows.map((values, at) => ({ kind: 'record', line: at + 2, values })),
  read: async function* () {},
})
const many = Array.from({ length: 30 }, (_, at) => [
  String(at),
  `a long text number ${at} that differs`,
  at % 2 ? 'up' : 'down',
])
const choose = (columns: readonly string[], said: SaidColumns = {}): readonly (string | undefined)[] => {
  const choice = chooseColumns(source(columns, many), said)
  return [columns[choice.input], columns[choice.output]]
}

describe('columns', () => {
  it('are found by their usual names, in any case and way of writing', () => {
    expect(choose(['Label', 'Text', 'x'])).toEqual(['Text', 'Label'])
    expect(choose(['id', 'inputText', 'Label Name'])).toEqual(['inputText', 'Label Name'])
  })

  it('that hold words are preferred to those that may hold numbers', () => {
    expect(choose(['label', 'text', 'label_name'])).toEqual(['text', 'label_name'])
  })

  it('are found by what stands in them where their names say nothing', () => {
    expect(choose(['1', '2', '3'])).toEqual(['2', '3'])
    const choice = chooseColumns(source(['1', '2', '3'], many), {})
    expect(choice.foundBy).toEqual({ input: 'values', output: 'values' })
  })

  it('can be said, by name, by name in another case, or by number', () => {
    expect(choose(['kind', 'body', 'way'], { output: 'way' })).toEqual(['body', 'way'])
    expect(choose(['kind', 'body', 'way'], { input: 'Kind', output: 'WAY' })).toEqual(['kind', 'way'])
    expect(choose(['1', '2', '3'], { input: '1', output: '2' })).toEqual(['1', '2'])
  })

  it('that are not there are refused with those that are and the nearest', () => {
    expect(() => choose(['id', 'text', 'category'], { output: 'categroy' })).toThrow(
      'data.csv has no column "categroy". Did you mean "category"? Its columns are: id, text, category.',
    )
    expect(() => choose(['id', 'text', 'category'], { input: 'zzzzzz' })).toThrow(
      'data.csv has no column "zzzzzz". Its columns are: id, text, category.',
    )
  })

  it('that are unclear are refused with the flag to say', () => {
    const texts = many.map((row) => [row[1]!, row[1]!])
    expect(() => chooseColumns(source(['a', 'b'], texts), {})).toThrow(/which column is the output.*--output/)
  })

  it('are nearest by the fewest edits', () => {
    expect(nearestName('lable', ['label', 'table', 'text'])).toBe('label')
    expect(nearestName('intnet', ['text', 'intent'])).toBe('intent')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ElementReader, findLists } from './json-elements.ts'
import { temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()

describe('JSON documents', () => {
  it('give the elements of their list whatever stands in them and around them', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    const element = fc.dictionary(fc.string(), value).map((object) => ({ a: 'x', ...object }))
    const document = fc.record({
      list: fc.array(element, { minLength: 1, maxLength: 5 }),
      before: value,
      after: value,
      indent: fc.constantFrom(0, 2),
      size: fc.integer({ min: 1, max: 20 }),
    })
    fc.assert(
      fc.property(document, ({ list, before, after, indent, size }) => {
        const text = JSON.stringify({ b: [before], in: { list }, z: [after, []] }, null, indent)
        const place = findLists(text).find(({ path }) => path.join('.') === 'in.list')!
        const reader = new ElementReader('f', place)
        const found: string[] = []
        const rest = text.slice(place.offset + 1)
        for (let at = 0; at < rest.length; at += size)
          found.push(...reader.push(rest.slice(at, at + size)).map((piece) => piece.text))
        reader.finish()
        expect(found.map((piece) => JSON.parse(piece))).toEqual(JSON.parse(JSON.stringify(list)))
      }),
    )
  })

  it('have nested members as columns with a dotted path, and the line on which each element begins', async () => {
    const text = JSON.stringify(
      {
        version: 1,
        data: [
          { m: { text: 'a' }, label: 'x' },
          { m: { text: 'b' }, label: 'y' },
        ],
      },
      null,
      2,
    )
    const source = await open('a.json', text)
    expect(source).toMatchObject({
      format: 'json',
      columns: ['m.text', 'label'],
      description: 'the list "data" of a JSON document',
    })
    expect(await rows('a.json', text)).toEqual([
      { kind: 'record', line: 4, values: ['a', 'x'] },
      { kind: 'record', line: 10, values: ['b', 'y'] },
    ])
  })

  it('on one line are told from lines of JSON', async () => {
    const row = { text: 'a', label: 'b' }
    expect((await open('a.json', JSON.stringify([row, row]))).format).toBe('json')
    expect((await open('a.jsonl', JSON.stringify([row, row]))).format).toBe('json')
    expect((await open('a.json', JSON.stringify({ name: 'n', version: 1, rows: [row] }))).format).toBe('json')
    expect((await open('a.json', JSON.stringify(row))).format).toBe('jsonl')
    expect(
      (
        await open(
          'a.json',
          JSON.stringify({
            messages: [
              { role: 'user', content: 'a' },
              { role: 'assistant', content: 'b' },
            ],
          }),
        )
      ).format,
    ).toBe('openai-log')
  })

  it.each([
    ['a mistake in an element', '[\n {"text": "a", "label": "b"},\n {"text": "c",\n  "label": x}\n]', 4, 12],
    ['a missing comma', '[\n {"text": "a", "label": "b"}\n {"text": "c", "label": "d"}\n]', 3, 2],
    ['a comma too many', '[\n {"text": "a", "label": "b"},\n {"text": "a", "label": "b"},\n]', 4, 1],
    ['an element that is no object', '[\n {"text": "a", "label": "b"},\n 7\n]', 3, 2],
    ['a document cut short', '[\n {"text": "a", "label": "b"},\n {"text": "c", "lab', 3, 20],
    ['a list that is not closed', '{"rows": [\n {"text": "a", "label": "b"}]\n', 3, 1],
    ['two documents', '[\n {"text": "a", "label": "b"}]\n[', 3, 1],
  ])('are refused for %s, by line and column', async (_, text, line, column) => {
    await expect(rows('a.json', text)).rejects.toMatchObject({ code: 'data.json', details: { line, column } })
  })

  it('without a list of objects, or with several, are refused with what to do', async () => {
    await expect(open('a.json', '{"a": 1,\n "b": 2}')).rejects.toThrow(/line 1, column 9/)
    await expect(open('a.json', '[1, 2]')).rejects.toThrow(/without a list of objects/)
    const several = JSON.stringify({ train: [{ a: 1 }], test: [{ a: 1 }] }, null, 1)
    await expect(open('a.json', several)).rejects.toThrow(/several lists of objects \("train", "test"\)/)
  })
})

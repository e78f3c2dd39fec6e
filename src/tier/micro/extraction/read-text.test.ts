import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokeniser } from '../../../text/tokens.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { createTextReader } from './read-text.ts'
import { continued, shapeCount, shapeOf } from './shapes.ts'

const { tokenizer } = tinyBase()
const read = createTextReader(tokenizer, createTokeniser([]))

test('a word is judged at its first piece, and its other pieces go on with its shape', () => {
  const text = 'hello Berlin'
  const { starts, ends, pieces, ids, shapes } = read(text)
  expect([...starts.keys()].map((unit) => text.slice(starts[unit]!, ends[unit]!))).toEqual([
    'hello',
    'Berlin',
  ])
  expect([...pieces].map((piece) => tokenizer.pieceOf(ids[piece]!))).toEqual(['hello', 'b'])
  const capital = shapeOf('Berlin')
  expect([...shapes]).toEqual([shapeOf('hello'), capital, ...new Array(5).fill(continued(capital))])
})

test('units ascend, each with a piece of its own, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const { starts, ends, pieces, ids, shapes } = read(text)
      expect(shapes.length).toBe(ids.length)
      pieces.forEach((piece, unit) => {
        expect(piece).toBeGreaterThan(pieces[unit - 1] ?? -1)
        expect(starts[unit]).toBeGreaterThanOrEqual(ends[unit - 1] ?? 0)
        expect(ends[unit]).toBeGreaterThan(starts[unit]!)
      })
      expect(pieces.at(-1) ?? -1).toBeLessThan(ids.length)
    }),
  )
})

test('units that no piece stands for are left out', () => {
  const { starts, ids } = read('hello \u0301 hello')
  expect(ids.length).toBe(2)
  expect([...starts]).toEqual([0, 8])
})

test('shapes tell apart how words are written', () => {
  const words = ['@me', '#tag', 'http://a.b', '42', 'A', 'USA', 'Paris', 'iPhone', 'home', 'b4', '...', 'ЩИТ']
  const shapes = words.map(shapeOf)
  expect(new Set(shapes.slice(0, 11)).size).toBe(11)
  expect(shapes[11]).toBe(shapeOf('USA'))
  for (const shape of shapes) expect(continued(shape)).toBeLessThan(shapeCount)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokeniser } from '../../../text/tokens.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { createTextReader } from './read-text.ts'
import { windowsOf } from './text-windows.ts'

const { tokenizer } = tinyBase()
const { single } = tokenizer.template
const read = createTextReader(tokenizer, createTokeniser([]))

test('every unit of every text is judged once, at its own piece', () => {
  const sizes = fc.record({
    words: fc.array(fc.nat(120), { maxLength: 4 }),
    most: fc.integer({ min: 3, max: 40 }),
  })
  fc.assert(
    fc.property(sizes, ({ words, most }) => {
      const texts = words.map((count) => read('Oslo hello '.repeat(count)))
      const seen = texts.map(({ starts }) => new Array(starts.length).fill(0))
      for (const { text, ids, shapes, from, to, places } of windowsOf(texts, single, most)) {
        expect(ids.length).toBeLessThanOrEqual(most)
        expect(shapes.length).toBe(ids.length)
        expect(places.length).toBe(to - from)
        places.forEach((place, i) => {
          seen[text]![from + i]++
          expect(ids[place]).toBe(texts[text]!.ids[texts[text]!.pieces[from + i]!])
        })
      }
      for (const counts of seen) expect(counts).toEqual(counts.map(() => 1))
    }),
  )
})

test('in the middle of a long text a unit has context on both sides', () => {
  const texts = [read('hello '.repeat(100))]
  const windows = windowsOf(texts, single, 42)
  for (const { ids, places, from, to } of windows) {
    if (from > 0) expect(places[0]).toBeGreaterThanOrEqual(1 + 4)
    if (to < 100) expect(places.at(-1)).toBeLessThanOrEqual(ids.length - 1 - 4)
  }
  expect(windows.length).toBeGreaterThan(2)
})

test('an empty text is a window without units', () => {
  const [window] = windowsOf([read('')], single, 42)
  expect(window).toMatchObject({ from: 0, to: 0 })
  expect(window!.ids.length).toBe(2)
})

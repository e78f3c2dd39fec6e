import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTagScheme, mostLabels, schemeNames, type TokenSpan } from './tag-scheme.ts'

/** Spans that do not overlap, in a text of up to 30 tokens. */
const spansOf = (labelCount: number) =>
  fc
    .array(
      fc.record({ gap: fc.nat(2), length: fc.integer({ min: 1, max: 4 }), label: fc.nat(labelCount - 1) }),
      {
        maxLength: 5,
      },
    )
    .map((steps) => {
      let at = 0
      return steps.map(({ gap, length, label }): TokenSpan => {
        const first = at + gap
        at = first + length
        return { first, last: at - 1, label }
      })
    })

for (const name of schemeNames) {
  test(`${name}: spans come back from their tags, and these are valid`, () => {
    const scheme = createTagScheme(name, 3)
    const allowed = new Set([...scheme.from].map((from, pair) => `${from} ${scheme.to[pair]}`))
    fc.assert(
      fc.property(spansOf(3), (spans) => {
        const tags = new Uint8Array(32)
        scheme.encode(spans, tags)
        expect(scheme.decode(tags, tags.length)).toEqual(spans)
        expect(scheme.canStart[tags[0]!]).toBe(1)
        for (let t = 1; t < tags.length; t++) expect(allowed.has(`${tags[t - 1]} ${tags[t]}`)).toBe(true)
      }),
    )
  })
}

test('a span cannot change its label, begin inside or, in bioes, break off', () => {
  const { from, to, canStart, canEnd, tagOf } = createTagScheme('bioes', 2)
  const pairs = [...from].map((tag, pair) => [tag, to[pair]!] as const)
  const has = (a: number, b: number): boolean => pairs.some(([x, y]) => x === a && y === b)
  expect(has(tagOf(0, 'first'), tagOf(1, 'inside'))).toBe(false)
  expect(has(0, tagOf(0, 'inside'))).toBe(false)
  expect(has(tagOf(0, 'first'), 0)).toBe(false)
  expect(has(tagOf(0, 'first'), tagOf(0, 'last'))).toBe(true)
  expect(has(tagOf(0, 'last'), tagOf(1, 'single'))).toBe(true)
  expect(canStart[tagOf(1, 'inside')]).toBe(0)
  expect(canEnd[tagOf(1, 'first')]).toBe(0)
})

test('the tags of as many labels as there may be fit in a byte', () => {
  expect(createTagScheme('bioes', mostLabels).tagCount).toBeLessThanOrEqual(256)
})

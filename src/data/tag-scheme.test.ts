import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  detectScheme,
  firstBroken,
  foreignTag,
  parseTag,
  type TagScheme,
  type TokenSpan,
  tagSchemes,
  tagSpans,
} from './tag-scheme.ts'

/** Tags of spans over a sentence, as each scheme writes them. */
function write(length: number, spans: readonly TokenSpan[], scheme: TagScheme): readonly string[] {
  const tags = Array.from({ length }, () => 'O')
  for (const [at, { start, end, label }] of spans.entries()) {
    const before = spans[at - 1]
    const isTouching = before !== undefined && before.end === start && before.label === label
    const [inside, last, single] = scheme === 'bmes' ? ['M', 'E', 'S'] : ['I', 'E', 'S']
    for (let token = start; token < end; token++) tags[token] = `${inside}-${label}`
    if (scheme !== 'iob1' || isTouching) tags[start] = `B-${label}`
    if (scheme === 'bioes' || scheme === 'bmes') {
      tags[end - 1] = `${last}-${label}`
      if (end - start === 1) tags[start] = `${single}-${label}`
    }
  }
  return tags
}

const sentence = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 2 }),
      size: fc.integer({ min: 1, max: 4 }),
      label: fc.constantFrom('PER', 'LOC', 'B-x'),
    }),
    { maxLength: 6 },
  )
  .map((pieces) => {
    let at = 0
    const spans = pieces.map(({ gap, size, label }): TokenSpan => {
      const start = at + gap
      at = start + size
      return { start, end: at, label }
    })
    return { spans, length: at + 1 }
  })
const parse = (tags: readonly string[]) => tags.map((tag) => parseTag(tag)!)

describe('schemes of tags', () => {
  it.each(tagSchemes)('read back the spans that they wrote: %s', (scheme) => {
    fc.assert(
      fc.property(sentence, ({ spans, length }) => {
        const tags = parse(write(length, spans, scheme))
        expect(firstBroken(tags, scheme)).toBeUndefined()
        expect(tagSpans(tags)).toEqual(spans)
      }),
    )
  })

  it.each([
    ['bio', [['B-a', 'I-a', 'O', 'B-a', 'B-a']]],
    [
      'iob1',
      [
        ['I-a', 'I-a', 'O'],
        ['I-a', 'B-a', 'I-a'],
      ],
    ],
    ['iob1', [['I-a', 'I-b', 'O']]],
    ['bioes', [['B-a', 'E-a', 'S-b', 'O']]],
    ['bioes', [['B-a', 'L-a', 'U-b', 'O']]],
    ['bmes', [['B-a', 'M-a', 'E-a'], ['S-a']]],
    ['bio', [['O', 'O']]],
    ['bio', [['O', 'I-a', 'O', 'B-a']]],
  ] as const)('%s is told by %j', (scheme, sentences) => {
    expect(detectScheme(sentences)).toBe(scheme)
  })

  it.each([
    ['bio', ['O', 'I-x'], 1, 'I-x does not go on from O'],
    ['bio', ['I-x'], 0, 'I-x does not go on from the start'],
    ['bio', ['B-x', 'I-y'], 1, 'I-y does not go on from B-x'],
    ['bioes', ['B-x', 'O'], 1, 'B-x is never ended: O follows'],
    ['bmes', ['B-x', 'M-x'], 1, 'M-x is never ended: the sentence ends'],
    ['bmes', ['S-x', 'E-x'], 1, 'E-x does not go on from S-x'],
  ] as const)('%s is broken by %j', (scheme, tags, at, problem) => {
    expect(firstBroken(parse(tags), scheme)).toEqual({ at, problem })
  })

  it('broken, mean what conlleval takes them for', () => {
    // conlleval.pl: I after O begins a chunk, I of another type begins the next one.
    expect(tagSpans(parse(['O', 'I-a', 'I-b', 'I-b', 'O', 'E-c', 'E-c', 'B-d']))).toEqual([
      { start: 1, end: 2, label: 'a' },
      { start: 2, end: 4, label: 'b' },
      { start: 5, end: 6, label: 'c' },
      { start: 6, end: 7, label: 'c' },
      { start: 7, end: 8, label: 'd' },
    ])
  })

  it('know the tags that are none of theirs', () => {
    expect(foreignTag('M-x', 'bio')).toMatch(/none of BIO/)
    expect(foreignTag('person', 'bio')).toMatch(/is no tag/)
    expect(foreignTag('B_x', 'bio')).toBeUndefined()
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { alignTexts, splitByConstants } from './align.ts'

const words =
  'the I a mail please order is of to refund card my was not working and you Hello 3 100 spam'.split(' ')

/** Sentences of 1 to `most` words, every other one ending with a full stop. */
function sentences(count: number, most: number, seed = 1): readonly string[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    const length = 1 + random.below(most)
    const text = Array.from({ length }, () => words[random.below(words.length)]!).join(' ')
    return index % 2 === 0 ? `${text}.` : text
  })
}

describe('one slot', () => {
  const patterns: readonly (readonly [string, string])[] = [
    ['Classify this mail as spam or ham.\n\nMail:\n', '\n\nAnswer with one word.'],
    ['Text: "', '"\nLabel:'],
    ['<mail>', '</mail>'],
    ['{"text": "', '", "lang": "en"}'],
    ['Say what this is about: ', ''],
    ['', '\n\nIs this spam? Answer yes or no.'],
    ['请判断以下邮件是否为垃圾邮件：', '。只回答是或否'],
    ['"""\n', '\n"""'],
    ['Few shots.\nText: good\nLabel: 1\nText: bad\nLabel: 0\nText: ', '\nLabel: '],
  ]
  test.each(patterns)('is what varies between %j and %j', (before, after) => {
    const inputs = sentences(40, 12)
    const constants = alignTexts(inputs.map((input) => before + input + after))
    const expected = after.startsWith('。') ? after.slice(1) : after
    expect(constants).toEqual([before, expected])
  })

  test('keeps a first letter that all inputs share by chance', () => {
    const inputs = sentences(20, 8).map((text, index) => `I${'tsnf'[index % 4]} ${text}`)
    expect(alignTexts(inputs.map((text) => `Mail: ${text}\n`))).toEqual(['Mail: ', '\n'])
  })

  test('keeps a full stop, an ending and a closing quote that all inputs share', () => {
    const inputs = sentences(20, 8).map((text, index) => `${text} ${'abcd'[index % 4]}ing."`)
    expect(alignTexts(inputs.map((text) => `Mail: ${text}\nEnd`))).toEqual(['Mail: ', '\nEnd'])
  })

  test('takes a heading that all inputs have for a part of the pattern', () => {
    const inputs = sentences(20, 8).map((text) => `Subject: ${text}`)
    expect(alignTexts(inputs.map((text) => `Mail:\n${text}\nEnd`))).toEqual(['Mail:\nSubject: ', '\nEnd'])
  })

  test('keeps numbers, dates and times whole', () => {
    const texts = Array.from({ length: 25 }, (_, i) => `On 2026-11-${10 + i}T10:${10 + i}:00Z it was`)
    expect(alignTexts(texts)).toEqual(['On ', ' it was'])
  })

  test('divides no surrogate pair and no accent from its letter', () => {
    const texts = ['😀', '😁', '😂'].map((face) => `Mood ${face}`)
    expect(alignTexts(texts)).toEqual(['Mood ', ''])
    expect(alignTexts(['x: e\u0301', 'x: e\u0300', 'x: e'])).toEqual(['x: ', ''])
  })

  test('is not divided by words that stand in every long input', () => {
    const inputs = sentences(60, 400).map((text) => `${text} the of to please and you. The end`)
    const constants = alignTexts(inputs.map((text) => `Sort this:\n${text}\nLabel:`))
    expect(constants[0]).toBe('Sort this:\n')
    expect(constants).toHaveLength(2)
  })

  test('may be empty in some of the texts', () => {
    const inputs = ['', ...sentences(20, 5)]
    expect(alignTexts(inputs.map((text) => `Mail:\n${text}\n\nLabel:`))).toEqual(['Mail:\n', '\n\nLabel:'])
  })

  test('is the whole text where nothing is the same', () => {
    expect(alignTexts(sentences(30, 9))).toEqual(['', ''])
  })
})

describe('several slots', () => {
  test('are found between headings', () => {
    const subjects = sentences(50, 4, 2)
    const texts = sentences(50, 60).map(
      (text, index) => `Which team?\nSubject: ${subjects[index]}\nBody: ${text}\n---\nTeam:`,
    )
    expect(alignTexts(texts)).toEqual(['Which team?\nSubject: ', '\nBody: ', '\n---\nTeam:'])
  })

  test('are found around a long constant and in tags', () => {
    const other = sentences(30, 20, 3)
    const texts = sentences(30, 60).map(
      (text, i) =>
        `Today is 2026-11-${1 + i}. Answer from the text.\n<text>${text}</text>\n<question>${other[i]}?</question>`,
    )
    expect(alignTexts(texts)).toEqual([
      'Today is ',
      ' Answer from the text.\n<text>',
      '</text>\n<question>',
      '</question>',
    ])
  })

  test('are learned again with the texts that the sample had not shown', () => {
    const common = Array.from({ length: 400 }, (_, i) => (i === 399 ? 'or else' : 'with regard to it'))
    const texts = sentences(400, 30).map((text, i) => `A: ${text}\nhere ${common[i]} go\nB: ${text.length}\n`)
    const constants = alignTexts(texts)
    for (const text of texts) expect(splitByConstants(constants, text)).toBeDefined()
    expect(constants.join('|')).not.toContain('regard')
    expect(constants.join('|')).toContain(' go\nB: ')
  })
})

describe('splitting', () => {
  test('gives back what was put between the constants', () => {
    const constant = fc.string({ minLength: 4, maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(constant, { minLength: 2, maxLength: 5 }),
        fc.array(fc.string({ maxLength: 20 }), { minLength: 4, maxLength: 4 }),
        (constants, texts) => {
          const slots = texts.slice(0, constants.length - 1)
          const inner = constants.slice(1, -1)
          fc.pre(inner.every((text, index) => (slots[index]! + text).indexOf(text) === slots[index]!.length))
          const text = slots.reduce((all, slot, index) => all + slot + constants[index + 1], constants[0]!)
          expect(splitByConstants(constants, text)).toEqual(slots)
        },
      ),
    )
  })

  test('refuses anything before, after or changed', () => {
    const constants = ['Mail: ', '\nAnswer:']
    expect(splitByConstants(constants, 'Mail: hi\nAnswer:')).toEqual(['hi'])
    for (const text of [
      ' Mail: hi\nAnswer:',
      'Mail: hi\nAnswer: ',
      'Mail: hi\nanswer:',
      'mail: hi\nAnswer:',
      '',
    ])
      expect(splitByConstants(constants, text)).toBeUndefined()
  })

  test('takes a constant between slots where it first stands', () => {
    expect(splitByConstants(['', '\nBody: ', ''], 'a\nBody: b\nBody: c')).toEqual(['a', 'b\nBody: c'])
  })

  test('does not use a text twice for two constants', () => {
    expect(splitByConstants(['aba', 'aba'], 'abaaba')).toEqual([''])
    expect(splitByConstants(['aba', 'aba'], 'ababa')).toBeUndefined()
    expect(splitByConstants(['a', 'bcd', 'cd'], 'abcd')).toBeUndefined()
  })
})

test('whatever the texts, each splits by what was learned and joins to itself', () => {
  const texts = fc.array(
    fc.string({ maxLength: 40, unit: fc.constantFrom('a', 'b', ' ', '.', '\n', '1', 'é', '中') }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  fc.assert(
    fc.property(texts, fc.string(), fc.string(), (inputs, before, after) => {
      const prompts = inputs.map((input) => before + input + after)
      const constants = alignTexts(prompts)
      for (const prompt of prompts) {
        const slots = splitByConstants(constants, prompt)!
        expect(slots).toHaveLength(constants.length - 1)
        expect(slots.reduce((all, slot, index) => all + slot + constants[index + 1], constants[0]!)).toBe(
          prompt,
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('aligns 2,000 texts of 8,000 characters within four seconds', () => {
  const inputs = sentences(2000, 1600)
  const texts = inputs.map((text, i) => `${'Rules. '.repeat(40)}\nFrom: ${i}@x.org\nBody:\n${text}\n\nLabel:`)
  const startedMs = performance.now()
  const constants = alignTexts(texts)
  expect(constants).toHaveLength(3)
  expect(performance.now() - startedMs).toBeLessThan(4000)
})

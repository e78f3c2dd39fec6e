import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { learnEscapes, readJsonString, writeJsonString } from './json-string.ts'
import { type LearnedRendering, learnRendering } from './learn-rendering.ts'
import { parse, read, render } from './rendering.ts'
import type { JsonEscapes, LabelRendering } from './types.ts'

const intents = ['card_arrival', 'card_linking', 'card_swallowed']
const ham = ['spam', 'ham']

function learned(answers: readonly string[]): LearnedRendering {
  const result = learnRendering(answers)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

/** Each label ten times, as `write` writes it. */
function answersOf(labels: readonly string[], write: (label: string) => string): readonly string[] {
  return Array.from({ length: 10 * labels.length }, (_, index) => write(labels[index % labels.length]!))
}

const forms: readonly (readonly [string, readonly string[], (label: string) => string])[] = [
  ['a plain label', ham, (label) => label],
  ['labels with a common beginning', intents, (label) => label],
  ['labels with a common ending', ['card_issue', 'atm_issue'], (label) => label],
  ['labels of words with a common first word', ['card arrival', 'card linking'], (label) => label],
  ['a heading', ham, (label) => `Label: ${label}`],
  ['a heading and labels with a common beginning', intents, (label) => `Intent: ${label}`],
  ['a heading in bold', ham, (label) => `**Label:** ${label}`],
  ['a label in bold', ham, (label) => `The answer is **${label}**`],
  ['a label in quotes', ham, (label) => `"${label}"`],
  ['a label in backticks within a sentence', ham, (label) => `It is \`${label}\`, I think.`],
  ['a tag', ham, (label) => `<label>${label}</label>\n`],
  ['a full stop', ham, (label) => `${label}.`],
  ['a line below', ham, (label) => `${label}\nConfidence: high`],
  ['a line above', ham, (label) => `Here is the label:\n${label}`],
  ['an equals sign', ham, (label) => `label=${label}`],
  ['a Chinese heading', ['垃圾邮件', '正常邮件'], (label) => `分类：${label}`],
  ['JSON with a space', ham, (label) => `{"label": "${label}"}`],
  ['JSON without a space', intents, (label) => `{"label":"${label}"}`],
  ['JSON with members around', ham, (label) => `{"v": 1, "label": "${label}", "source": {"model": "x"}}`],
  ['JSON on several lines', ham, (label) => JSON.stringify({ label, ok: true }, undefined, 2)],
  ['JSON in a fence', ham, (label) => `\`\`\`json\n{"label": "${label}"}\n\`\`\`\n`],
  ['JSON with words before', ham, (label) => `Here you are: {"label": "${label}"}`],
  ['a JSON array', ham, (label) => `["${label}"]`],
  ['labels with quotes in JSON', ['a "b"', 'a\\c', 'd\ne'], (label) => JSON.stringify({ label })],
]

describe('learning', () => {
  test.each(forms)('%s', (_, labels, write) => {
    const answers = answersOf(labels, write)
    const { rendering, labels: found } = learned(answers)
    expect([...new Set(found)]).toEqual(labels)
    for (const label of [...labels, 'unseen']) {
      expect(render(rendering, label)).toBe(write(label))
      expect(parse(rendering, write(label))).toBe(label)
      expect(read(rendering, write(label))).toBe(label)
    }
  })

  test.each([
    ['true', 'false'],
    ['1', '2', '3'],
    ['null', '"spam"'],
  ])('writes values such as %s as they are', (...values) => {
    const { rendering, labels } = learned(answersOf(values, (value) => `{"spam": ${value}}`))
    expect(rendering).toEqual({ kind: 'json-value', before: '{"spam": ', after: '}' })
    expect([...new Set(labels)]).toEqual(values)
  })

  test.each<[string, (text: string) => string, JsonEscapes]>([
    [
      'Python',
      (text) => `"${writeJsonString(text, { nonAscii: 'lower-hex', ascii: '' })}"`,
      { nonAscii: 'lower-hex', ascii: '' },
    ],
    [
      'PHP',
      (text) => `"${writeJsonString(text, { nonAscii: 'lower-hex', ascii: '/' })}"`,
      { nonAscii: 'lower-hex', ascii: '/' },
    ],
    [
      'Go',
      (text) => `"${writeJsonString(text, { nonAscii: 'literal', ascii: '&<>' })}"`,
      { nonAscii: 'literal', ascii: '&<>' },
    ],
    [
      'C#',
      (text) => `"${writeJsonString(text, { nonAscii: 'upper-hex', ascii: `"&'+<>` })}"`,
      { nonAscii: 'upper-hex', ascii: `"&'+<>` },
    ],
  ])('escapes as %s does', (_, write, escapes) => {
    const labels = ['café/crème', 'a<b>&c', 'über/alles 😀', `"q" 'r' +`]
    const { rendering, labels: found } = learned(answersOf(labels, (label) => `{"label": ${write(label)}}`))
    expect(rendering).toEqual({ kind: 'json', before: '{"label": "', after: '"}', escapes })
    expect([...new Set(found)]).toEqual(labels)
    expect(render(rendering, 'ç/<')).toBe(`{"label": ${write('ç/<')}}`)
  })

  test('leaves out a few answers of another form and refuses to bend to them', () => {
    const odd = ['I cannot say.', '{"label": "spam", "note": "?"}', '{"error": 1}']
    const answers = [...Array.from({ length: 200 }, (_, i) => `{"label": "${ham[i % 2]}"}`), ...odd]
    const { rendering, labels } = learned(answers)
    expect(rendering).toEqual({ kind: 'json', before: '{"label": "', after: '"}' })
    expect(labels.slice(200)).toEqual([undefined, undefined, undefined])
    const plain = learned([
      ...Array.from({ length: 200 }, (_, i) => `Label: ${ham[i % 2]}`),
      'No idea',
      'Sorry',
    ])
    expect(plain.rendering).toEqual({ kind: 'text', before: 'Label: ', after: '' })
    expect(plain.labels.slice(200)).toEqual([undefined, undefined])
  })

  test('reads answers that differ in spacing, key order or fences only, and writes the most frequent form', () => {
    const usual = Array.from({ length: 80 }, (_, i) => `{"label": "${ham[i % 2]}", "v": 1}`)
    const others = [
      '{"label":"spam","v":1}',
      '```json\n{"v": 1, "label": "ham"}\n```',
      ' {"label": "spam", "v": 1}\n',
    ]
    const { rendering, labels } = learned([...usual, ...others])
    expect(render(rendering, 'x')).toBe('{"label": "x", "v": 1}')
    expect(labels.slice(80)).toEqual(['spam', 'ham', 'spam'])
    const plain = learned(['spam', 'ham', 'spam\n', ' ham', 'ham', 'spam'])
    expect(plain.rendering).toEqual({ kind: 'text', before: '', after: '' })
    expect(new Set(plain.labels)).toEqual(new Set(ham))
  })

  test('keeps a space at the end that most answers have', () => {
    expect(learned(['spam\n', 'ham\n', 'spam\n', 'ham']).rendering).toEqual({
      kind: 'text',
      before: '',
      after: '\n',
    })
  })

  test('finds the label of a rare class, and does not mistake another member for it', () => {
    const answers = [
      ...Array.from({ length: 990 }, () => '{"label": "ham", "model": "m1"}'),
      ...Array.from({ length: 10 }, () => '{"label": "spam", "model": "m1"}'),
      '{"label": "ham", "model": "m2"}',
    ]
    const { rendering, labels } = learned(answers)
    expect(render(rendering, 'spam')).toBe('{"label": "spam", "model": "m1"}')
    expect(labels.at(-1)).toBeUndefined()
  })

  test('takes the whole answer for the label where two members vary together', () => {
    const { rendering, labels } = learned(
      answersOf(ham, (label) => `{"label": "${label}", "spam": ${label === 'spam'}}`),
    )
    expect(rendering).toEqual({ kind: 'text', before: '', after: '' })
    expect(new Set(labels)).toEqual(
      new Set(['{"label": "spam", "spam": true}', '{"label": "ham", "spam": false}']),
    )
  })

  test('keeps what stands for a part of labels', () => {
    const letters = learned(answersOf(["I'm sad", "I'm happy"], (label) => label))
    expect(letters.rendering).toEqual({ kind: 'text', before: '', after: '' })
    const calls = learned(answersOf(['f(x)', 'f(y)', 'g'], (label) => label))
    expect(new Set(calls.labels)).toEqual(new Set(['f(x)', 'f(y)', 'g']))
  })

  test('survives answers that are empty, brackets, duplicates of keys or lone surrogates', () => {
    const strange = [
      '',
      '{}',
      '[]',
      '{"a": 1, "a": 2}',
      '\ud800',
      '}{',
      '{"a": "\\ud800"}',
      '[[[',
      '"',
      '{"": ""}',
    ]
    const { labels } = learned(answersOf(strange, (answer) => answer))
    expect(labels).toHaveLength(100)
  })

  test('refuses where there is nothing to tell apart', () => {
    expect(learnRendering([])).toMatchObject({ kind: 'refusal', reason: 'too-few-calls' })
    expect(learnRendering(['a', 'a', 'a\n'])).toMatchObject({ kind: 'refusal', reason: 'one-answer' })
  })
})

const escapes: fc.Arbitrary<JsonEscapes> = fc.record({
  nonAscii: fc.constantFrom('literal', 'lower-hex', 'upper-hex'),
  ascii: fc.constantFrom('', '/', '&<>', `"&'+<>`),
})
const renderings: fc.Arbitrary<LabelRendering> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), before: fc.string(), after: fc.string() }),
  fc.record({
    kind: fc.constant('json' as const),
    before: fc.constantFrom('{"label": "', '```json\n{"label":"', '{"a": {"b": "', '{"v": "1", "é": ["'),
    after: fc.constant('"}'),
    escapes,
  }),
)
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '/', 'é', '\ud83d', '\n', 'u', '<', '中') }),
)

describe('whatever the label', () => {
  test('parsing gives back what was rendered', () => {
    fc.assert(
      fc.property(renderings, texts, (rendering, label) => {
        expect(parse(rendering, render(rendering, label))).toBe(label)
      }),
    )
  })

  test('what is parsed is rendered as the very text', () => {
    fc.assert(
      fc.property(renderings, texts, (rendering, inside) => {
        const text = rendering.before + inside + rendering.after
        const label = parse(rendering, text)
        if (label !== undefined) expect(render(rendering, label)).toBe(text)
      }),
    )
  })

  test('reading gives back what was rendered, space around the label aside', () => {
    fc.assert(
      fc.property(renderings, texts, (rendering, label) => {
        fc.pre(label.trim() === label && label !== '')
        const read1 = read(rendering, render(rendering, label))
        // A constant that itself is space runs into the label's own edge.
        expect(read1).toBe(label)
      }),
    )
  })

  test('a JSON string is read as it was written', () => {
    fc.assert(
      fc.property(texts, escapes, (text, style) => {
        const inside = writeJsonString(text, style)
        expect(JSON.parse(`"${inside}"`)).toBe(text)
        expect(readJsonString(inside)).toBe(text)
        expect(writeJsonString(text, { ...learnEscapes([inside]), ascii: style.ascii })).toHaveLength(
          inside.length,
        )
      }),
    )
  })

  test('learned from random labels, a rendering gives each answer its label', () => {
    const labels = fc.uniqueArray(
      texts.filter((text) => text.trim() === text && text !== ''),
      { minLength: 2, maxLength: 8 },
    )
    fc.assert(
      fc.property(labels, escapes, (names, style) => {
        const answers = answersOf(names, (name) => `{"label": "${writeJsonString(name, style)}"}`)
        const { labels: found, rendering } = learned(answers)
        expect(found.slice(0, names.length)).toEqual(names)
        for (const [index, answer] of answers.entries()) expect(render(rendering, found[index]!)).toBe(answer)
      }),
    )
  })
})

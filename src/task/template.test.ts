import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { type LearnedTemplate, learnTemplate } from './learn-template.ts'
import { constantLength, fillTemplate, isDistinctive, matchTemplate, textInput } from './template.ts'
import type { Message, Prompt, PromptTemplate } from './types.ts'

const vocabulary =
  'card top up was declined the I my why is still pending refund please help order from to account'.split(' ')
const random = seededRandom(7)

function sentence(most = 14): string {
  const length = 3 + random.below(most)
  return Array.from({ length }, () => vocabulary[random.below(vocabulary.length)]!).join(' ')
}

function prompt(...messages: readonly (readonly [role: string, content: string])[]): Prompt {
  return { messages: messages.map(([role, content]): Message => ({ role, content })) }
}

function many(count: number, make: (text: string, index: number) => Prompt): readonly Prompt[] {
  return Array.from({ length: count }, (_, index) => make(sentence(), index))
}

function learned(prompts: readonly Prompt[]): LearnedTemplate {
  const result = learnTemplate(prompts)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

function refusalOf(prompts: readonly Prompt[]): string {
  const result = learnTemplate(prompts)
  return result.kind === 'refusal' ? result.reason : 'learned'
}

const system = 'You sort customer messages. Answer with JSON: {"intent": "..."}.'
const plain = (text: string): Prompt => prompt(['system', system], ['user', text])

describe('learning', () => {
  test('finds the whole user message as the input', () => {
    const { template, members } = learned(many(20, plain))
    expect(template.messages).toEqual([
      { role: 'system', constants: [system], slots: [] },
      { role: 'user', constants: ['', ''], slots: ['text'] },
    ])
    expect(members).toHaveLength(20)
  })

  test('finds the input inside a user message with examples, quoted and escaped', () => {
    const before = `Examples:\nMessage: "where is my card"\nIntent: arrival\n\nMessage: "top up failed"\nIntent: top_up\n\nMessage: "`
    const { template } = learned(
      many(30, (text, i) =>
        prompt(['user', `${before}${JSON.stringify(`${i}"${text}\n${i}`).slice(1, -1)}"\nIntent:`]),
      ),
    )
    expect(template.messages[0]!.constants).toEqual([before, '"\nIntent:'])
  })

  test('keeps constant turns of a conversation', () => {
    const shots = [
      ['user', 'my card is lost'],
      ['assistant', 'lost_card'],
    ] as const
    const { template } = learned(many(25, (text) => prompt(['system', system], ...shots, ['user', text])))
    expect(template.messages.map((message) => message.constants.length)).toEqual([1, 1, 1, 2])
  })

  test('names several slots by what stands before them', () => {
    const { template } = learned(
      many(40, (text, i) =>
        prompt(
          ['system', `Today is 2026-11-${10 + (i % 15)}.`],
          ['user', `<context>${text}</context>\nQuestion: ${sentence(4)}?\n`],
        ),
      ),
    )
    expect(template.messages.map((message) => message.slots)).toEqual([['text'], ['context', 'question']])
  })

  test('lets a slot of few values take only these', () => {
    const tiers = ['gold', 'silver', 'free']
    const { template } = learned(
      many(60, (text, i) =>
        prompt(['system', `Customer tier: ${tiers[i % 3]}. Sort the message.`], ['user', text]),
      ),
    )
    expect(template.messages[0]!.closed).toEqual({ 'customer-tier': ['free.', 'gold.', 'silver.'] })
    const other = prompt(
      ['system', 'Customer tier: none, answer in French. Sort the message.'],
      ['user', 'hi'],
    )
    expect(matchTemplate(template, other)).toBeUndefined()
    expect(
      matchTemplate(template, prompt(['system', 'Customer tier: gold. Sort the message.'], ['user', 'hi'])),
    ).toEqual({ slots: { 'customer-tier': 'gold.', text: 'hi' } })
  })

  test('takes the wording that most calls have and leaves out the others', () => {
    const first = (text: string): string => `Sort the message below into an intent of our list.\n\n${text}`
    const second = (text: string): string =>
      `Which intent does this customer have? Think of fraud, too.\n\n${text}`
    const prompts = many(100, (text, i) => prompt(['user', i < 40 ? first(text) : second(text)]))
    const { template, members, otherPrompt } = learned(prompts)
    expect(template.messages[0]!.constants).toEqual([second(''), ''])
    expect([members.length, otherPrompt.length]).toEqual([60, 40])
  })

  test('takes the system message that most calls have', () => {
    const later = `${system} Never guess; when unsure, answer with the intent "other" and nothing else.`
    const prompts = many(90, (text, i) => prompt(['system', i < 50 ? system : later], ['user', text]))
    const { template, otherPrompt } = learned(prompts)
    expect(template.messages[0]!.constants).toEqual([system])
    expect(otherPrompt).toHaveLength(40)
  })

  test('is not misled by a few odd calls', () => {
    const prompts = many(200, (text, i) =>
      i % 50 === 0 ? prompt(['user', 'ping']) : prompt(['user', `Sort this customer message: ${text}`]),
    )
    const { template, otherPrompt } = learned(prompts)
    expect(template.messages[0]!.constants).toEqual(['Sort this customer message: ', ''])
    expect(otherPrompt).toHaveLength(4)
  })

  test('leaves out calls of other roles, formats and tools', () => {
    const prompts = [
      ...many(50, plain),
      ...many(3, (text) => ({ ...plain(text), responseFormat: { type: 'json_object' } })),
      ...many(2, (text) => prompt(['user', text])),
    ]
    const { otherShape, template } = learned(prompts)
    expect(otherShape).toHaveLength(5)
    expect(template.responseFormat).toBeUndefined()
  })

  test('refuses too few calls, one prompt, few prompts and prompts without a common part', () => {
    expect(refusalOf(many(19, plain))).toBe('too-few-calls')
    expect(refusalOf(many(30, () => plain('same')))).toBe('nothing-varies')
    expect(refusalOf(many(30, (_, i) => plain(`message number ${i % 4}`)))).toBe('too-few-prompts')
    const wordings = [
      'Sort this into a list of intents: ',
      'Which of our intents is it, please: ',
      'Label the text with one: ',
    ]
    expect(refusalOf(many(30, (text, i) => prompt(['user', wordings[i % 3] + text])))).toBe(
      'no-common-prompt',
    )
  })

  test('says what it saw when it refuses', () => {
    const result = learnTemplate(many(3, plain))
    expect(result).toMatchObject({ kind: 'refusal', seen: [{ count: 1 }, { count: 1 }, { count: 1 }] })
  })

  test('recognises unseen calls of the same pattern', () => {
    const pattern = (text: string): Prompt =>
      prompt(['system', system], ['user', `Message:\n"""${text}"""\n\nIntent, one of: a, b, c.`])
    const { template } = learned(many(20, pattern))
    for (let i = 0; i < 200; i++) {
      const text = sentence(60)
      expect(matchTemplate(template, pattern(text))).toEqual({ slots: { text } })
    }
  })
})

describe('matching', () => {
  const template: PromptTemplate = {
    messages: [
      { role: 'system', constants: ['Sort mail.'], slots: [] },
      { role: 'user', constants: ['Subject: ', '\nBody: ', '\nLabel:'], slots: ['subject', 'body'] },
    ],
    responseFormat: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  }
  const call = (content: string, extra: Partial<Prompt> = {}): Prompt => ({
    ...prompt(['system', 'Sort mail.'], ['user', content]),
    responseFormat: { json_schema: { schema: { type: 'object' }, name: 'x' }, type: 'json_schema' },
    ...extra,
  })
  const good = 'Subject: hi\nBody: there\nLabel:'

  test('gives the slots', () => {
    expect(matchTemplate(template, call(good))).toEqual({ slots: { subject: 'hi', body: 'there' } })
    expect(textInput({ subject: 'hi', body: 'there' })).toEqual({ kind: 'text', text: 'hi\nthere' })
  })

  test('refuses a further turn, a changed word, another role, format or tools', () => {
    const turn = { role: 'user', content: 'and now?' }
    expect(matchTemplate(template, call(good, { messages: [...call(good).messages, turn] }))).toBeUndefined()
    expect(matchTemplate(template, call('Subject: hi\nBody: there\nLabel: '))).toBeUndefined()
    expect(matchTemplate(template, call('Subject: hi\nbody: there\nLabel:'))).toBeUndefined()
    expect(
      matchTemplate(template, { ...call(good), messages: call(good).messages.toReversed() }),
    ).toBeUndefined()
    expect(matchTemplate(template, call(good, { responseFormat: { type: 'json_object' } }))).toBeUndefined()
    expect(matchTemplate(template, call(good, { tools: [] }))).toBeUndefined()
    expect(matchTemplate(template, { messages: call(good).messages })).toBeUndefined()
  })

  test('gives back whatever the slots were filled with', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (subject, body) => {
        fc.pre(`${subject}\nBody: `.indexOf('\nBody: ') === subject.length)
        const filled = { ...call(''), messages: fillTemplate(template, { subject, body }) }
        expect(matchTemplate(template, filled)).toEqual({ slots: { subject, body } })
      }),
    )
  })

  test('counts constant characters and knows a bare template', () => {
    expect(constantLength(template)).toBe('Sort mail.Subject: \nBody: \nLabel:'.length)
    expect(isDistinctive(template)).toBe(true)
    const bare: PromptTemplate = { messages: [{ role: 'user', constants: ['', ''], slots: ['text'] }] }
    expect([
      isDistinctive(bare),
      isDistinctive({ ...bare, responseFormat: { type: 'json_object' } }),
    ]).toEqual([false, true])
  })

  test('matches a prompt of 2,000 characters in microseconds', () => {
    const long = JSON.parse(
      JSON.stringify(call(`Subject: hi\nBody: ${'there you are '.repeat(150)}\nLabel:`)),
    ) as Prompt
    const rounds = 20_000
    let best = Number.POSITIVE_INFINITY
    for (let trial = 0; trial < 5; trial++) {
      const startedMs = performance.now()
      for (let round = 0; round < rounds; round++) matchTemplate(template, long)
      best = Math.min(best, ((performance.now() - startedMs) / rounds) * 1000)
    }
    expect(best).toBeLessThan(20)
  })
})

import { describe, expect, test } from 'vitest'
import { type AnsweredInput, inferKind, type KindReadings } from './kind.ts'
import { questionShare } from './question-answering/learn-question-calls.ts'

type Make = (index: number) => {
  readonly slots: Record<string, string>
  readonly answer: string
  readonly label?: string
}

/** Calls whose label, unless given, is the answer itself. */
function calls(count: number, make: Make): readonly AnsweredInput[] {
  return Array.from({ length: count }, (_, index) => {
    const made = make(index)
    return { ...made, label: made.label ?? made.answer }
  })
}

const readings: KindReadings = {
  textsOf: (some) => some.map(({ slots, answer }) => ({ text: Object.values(slots).join('\n'), answer })),
  questionShare: (some) => {
    const names = Object.keys(some[0]!.slots)
    const constants = ['Text: ', ...names.map(() => '\n\n')]
    return questionShare(some, { messages: [{ role: 'user', constants, slots: names }] })
  },
}

function kindOf(rows: readonly AnsweredInput[]): string {
  const result = inferKind(rows, readings)
  return result.kind === 'refusal' ? result.reason : result.taskKind
}

const input = (index: number): Record<string, string> => ({
  text: `Mail ${index} from Ann${index} about order ${index * 7}`,
})

describe('the kind is', () => {
  test('classification where the answers are a closed set', () => {
    expect(kindOf(calls(40, (i) => ({ slots: input(i), answer: ['spam', 'ham'][i % 2]! })))).toBe(
      'classification',
    )
    expect(kindOf(calls(1000, (i) => ({ slots: input(i), answer: `intent_${i % 200}` })))).toBe(
      'classification',
    )
  })

  test('classification with up to 2% of other answers', () => {
    const rows = (odd: number): readonly AnsweredInput[] =>
      calls(1000, (i) => ({ slots: input(i), answer: i < odd ? `Hm ${i}` : ['a', 'b'][i % 2]! }))
    expect(kindOf(rows(20))).toBe('classification')
    expect(kindOf(rows(21))).toBe('kind-unclear')
  })

  test('classification even where the labels stand in the inputs', () => {
    const rows = calls(40, (i) => ({ slots: { text: `red or blue ${i}` }, answer: ['red', 'blue'][i % 2]! }))
    expect(kindOf(rows)).toBe('classification')
  })

  test('extraction where the values of the answers stand in the input', () => {
    const json: Make = (i) => ({
      slots: input(i),
      answer: `{"name": "Ann${i}", "order": ${i * 7}, "note": null}`,
    })
    expect(kindOf(calls(40, json))).toBe('extraction')
    expect(kindOf(calls(40, (i) => ({ slots: input(i), answer: `Ann${i}` })))).toBe('extraction')
  })

  test('question answering where a question and a context are given and answers stand in the context', () => {
    const rows = calls(40, (i) => ({
      slots: {
        context: `In ${1900 + i} the bridge was built by Eiffel${i}.`,
        question: `Who built bridge ${i}?`,
      },
      answer: i % 3 === 0 ? 'unanswerable' : `Eiffel${i}`,
    }))
    expect(kindOf(rows)).toBe('question-answering')
  })

  test('generation where the answers are new text', () => {
    expect(
      kindOf(calls(40, (i) => ({ slots: input(i), answer: `Dear customer no. ${i}, we are sorry.` }))),
    ).toBe('generation')
  })
})

describe('it is unclear', () => {
  test('where too few labels are given five times', () => {
    expect(kindOf(calls(80, (i) => ({ slots: input(i), answer: `intent_${i % 40}` })))).toBe('kind-unclear')
  })

  test('where there are more than 200 labels', () => {
    expect(kindOf(calls(1100, (i) => ({ slots: input(i), answer: `intent_${i % 201}` })))).toBe(
      'kind-unclear',
    )
  })

  test('where answers stand in the input for a part of the calls only', () => {
    const rows = calls(40, (i) => ({ slots: input(i), answer: i % 3 === 0 ? `nothing of ${i}!` : `Ann${i}` }))
    expect(kindOf(rows)).toBe('kind-unclear')
  })

  test('and the refusal shows the answers seen and says what decides', () => {
    const result = inferKind(
      calls(80, (i) => ({ slots: input(i), answer: `intent_${i % 40}` })),
      readings,
    )
    expect(result).toMatchObject({ kind: 'refusal', message: expect.stringContaining('--kind') })
    if (result.kind === 'refusal') expect(result.seen[0]).toEqual({ text: 'intent_0', count: 2 })
  })
})

import { describe, expect, test } from 'vitest'
import { answerF1, normalisedAnswer, type QuestionAnswer, sameAnswer, textF1 } from './answer-text.ts'

const answer = (...texts: readonly string[]): QuestionAnswer => {
  const [span, ...others] = texts.map((text) => ({ start: 0, end: text.length, text }))
  return { kind: 'answer', ...(span && { span }), ...(others.length > 0 && { others }) }
}

describe('an answer is normalised', () => {
  test.each([
    ['The Eiffel Tower.', 'eiffel tower'],
    ['  an   Apple ', 'apple'],
    ['U.S.', 'us'],
    ['$1,500', '1500'],
    ['“A” (b)', 'b'],
    ['là', 'là'],
    ['aé a', 'aé'],
    ['《三国演义》', '三国演义'],
    ['1998 年，', '1998 年'],
  ])('as SQuAD and CMRC do: %s', (text, expected) => {
    expect(normalisedAnswer(text)).toBe(expected)
  })

  test('but not to nothing', () => {
    expect(normalisedAnswer('The')).toBe('the')
    expect(normalisedAnswer('!?')).toBe('!?')
  })
})

describe('an answer is right', () => {
  test('where it is one of the right ones, whatever its place', () => {
    expect(sameAnswer(answer('the Alps'), answer('in France', 'Alps'))).toBe(true)
    expect(sameAnswer(answer('France'), answer('in France', 'Alps'))).toBe(false)
  })

  test('where "not there" is rightly said', () => {
    expect(sameAnswer(answer(), answer())).toBe(true)
    expect(sameAnswer(answer(), answer('Alps'))).toBe(false)
    expect(sameAnswer(answer('Alps'), answer())).toBe(false)
  })
})

describe('F1', () => {
  // Values of the official SQuAD 2.0 script's compute_f1.
  test.each([
    ['the big red fox', 'red fox', 0.8],
    ['red', 'red fox', 2 / 3],
    ['fox fox', 'red fox', 0.5],
    ['cat', 'dog', 0],
  ])('of words: %s for %s', (said, right, expected) => {
    expect(textF1(said, right)).toBeCloseTo(expected, 12)
  })

  // Values of CMRC 2018's calc_f1_score: the longest common run of characters, words of other scripts whole.
  test.each([
    ['北京大学', '北京', 2 / 3],
    ['北大京', '北京大学', 2 / 7],
    ['在1998年', '1998年', 0.8],
    ['上海', '北京', 0],
  ])('of characters: %s for %s', (said, right, expected) => {
    expect(textF1(said, right)).toBeCloseTo(expected, 12)
  })

  test('is that of the nearest right answer, and all or nothing where one side says "not there"', () => {
    expect(answerF1(answer('red'), answer('blue', 'red fox'))).toBeCloseTo(2 / 3, 12)
    expect(answerF1(answer(), answer())).toBe(1)
    expect(answerF1(answer(), answer('red'))).toBe(0)
  })
})

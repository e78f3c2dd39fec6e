import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../base/random.ts'
import { auroc } from '../../../stats/ranking.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { fitJudge, isAnswered, judge } from './answer-judge.ts'
import { type AnswerSigns, findSpan } from './find-span.ts'
import { readPair } from './question-rows.ts'
import { createQuestionReader } from './read-context.ts'
import { wordCodes } from './read-words.ts'
import { fitRanker } from './sentence-ranker.ts'

const { tokenizer } = tinyBase(1, 'ada lives in')
const knowledge = {
  rarity: new Float32Array(wordCodes).fill(1),
  ranker: fitRanker([]),
}
const find = { answerTokens: 30, sentenceWeight: 0 }
const reading = {
  ...{ tokenizer, reader: createQuestionReader(tokenizer), knowledge },
  limits: { tokens: 64, questionTokens: 16, most: 4 },
}

describe('the best span', () => {
  const context = 'Ada lives in  Oslo  today.'
  const pair = readPair({ question: 'where?', context }, reading)
  const { length } = pair.context.tokens.ids
  const at = (text: string): number => pair.context.tokens.starts.indexOf(context.indexOf(text))
  const scores = (begin: readonly number[], end: readonly number[]) => {
    const of = (places: readonly number[]) =>
      Float32Array.from({ length }, (_, token) => (places.includes(token) ? 5 + places.indexOf(token) : 0))
    return [{ begin: of(begin), end: of(end), presence: 2 }]
  }

  test('it quotes the text', () => {
    const last = at('today') - 1
    const found = findSpan(pair, scores([at('Oslo')], [last]), find)!
    expect(found.span).toEqual({ start: 14, end: 18, text: 'Oslo' })
    expect(found.signs.presence).toBe(2)
    expect(found.signs.places).toBeLessThan(0)
    expect(found.signs.lead).toBeGreaterThan(0)
  })

  test('it neither begins nor ends inside a word, and never ends before it begins', () => {
    const inside = findSpan(pair, scores([at('Oslo') + 1], [at('Oslo') + 2]), find)!
    expect(context.slice(inside.span.start, inside.span.end)).toBe(inside.span.text)
    expect(['', ' '].includes(context[inside.span.start - 1] ?? '')).toBe(true)
    const reversed = findSpan(pair, scores([at('today')], [at('Ada')]), find)!
    expect(reversed.span.end).toBeGreaterThan(reversed.span.start)
  })

  test('it is no longer than it may be', () => {
    const { span } = findSpan(pair, scores([0], [length - 1]), { ...find, answerTokens: 3 })!
    const tokens = [...pair.context.tokens.starts].filter((start) => start >= span.start && start < span.end)
    expect(tokens.length).toBeLessThanOrEqual(3)
  })

  test('there is none in a text without tokens', () => {
    expect(findSpan(readPair({ question: 'where?', context: ' ' }, reading), [], find)).toBeUndefined()
  })
})

describe('the judge', () => {
  const random = seededRandom(3)
  const rows = Array.from({ length: 400 }, () => {
    const there = random.next() < 0.5
    const right = there && random.next() < 0.7
    const signs: AnswerSigns = {
      presence: random.normal() + (there ? 1 : -1),
      places: random.normal() - (right ? 1 : 3),
      lead: Math.abs(random.normal()),
    }
    return { signs, there, right }
  })
  const weights = fitJudge(rows)

  test('it tells there from not there and right from wrong, as shares', () => {
    const judged = rows.map(({ signs }) => judge(weights, signs))
    const thereAuroc = auroc(judged.map(({ there: score }, i) => ({ score, positive: rows[i]!.there })))
    const rightAuroc = auroc(judged.map(({ right: score }, i) => ({ score, positive: rows[i]!.right })))
    expect(thereAuroc).toBeGreaterThan(0.85)
    expect(rightAuroc).toBeGreaterThan(0.85)
    const mean = judged.reduce((sum, { there }) => sum + there, 0) / rows.length
    expect(mean).toBeCloseTo(rows.filter(({ there }) => there).length / rows.length, 1)
    for (const { there, right } of judged) expect(right).toBeLessThanOrEqual(there)
  })

  test('it answers where a right quote is likelier than that there is none', () => {
    expect(isAnswered({ there: 0.9, right: 0.6 })).toBe(true)
    expect(isAnswered({ there: 0.6, right: 0.3 })).toBe(false)
  })

  test('where all rows are answered, it says so, and without rows it goes by the reader alone', () => {
    const all = fitJudge(rows.map((row) => ({ ...row, there: true })))
    expect(judge(all, rows[0]!.signs).there).toBeGreaterThan(0.9)
    const none = fitJudge([])
    expect(judge(none, { ...rows[0]!.signs, presence: 3 }).there).toBeGreaterThan(0.9)
  })
})

import { describe, expect, test } from 'vitest'
import { asked, tinyQuestionRows } from '../../question-answering.contract.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { createQuestionReader } from './read-context.ts'
import { createWordReader, pairCodes } from './read-words.ts'
import { fitRanker, sentencePriors } from './sentence-ranker.ts'
import { learnWords } from './word-knowledge.ts'
import { wordOverlap } from './word-overlap.ts'

const readWords = createWordReader()
const reader = createQuestionReader(tinyBase().tokenizer)
const even = new Float32Array(16_384).fill(1)
const overlapOf = (question: string, context: string) =>
  wordOverlap(reader.question(question), reader.context(context), even)

describe('the overlap of words', () => {
  const overlap = overlapOf('what does Tom eat?', 'Ada lives here. Tom eats soup, Ada eats what?')

  test('shares are of the question, and each word counts once', () => {
    expect([...overlap.shares]).toEqual([0, 0.5])
    expect(overlap.absent).toBeCloseTo(0.5)
    expect([...overlapOf('Tom Tom', 'Tom Tom Tom. Ada.').shares]).toEqual([1, 0])
  })

  test('pairs are of neighbours in the same order', () => {
    expect([...overlapOf('Tom eats soup', 'Soup eats Tom. Tom eats soup.').pairs]).toEqual([0, 1])
    expect(pairCodes(readWords('a b a b').codes)[1]).toBe(pairCodes(readWords('a b a b').codes)[3])
  })

  test('nothing is shared without words', () => {
    expect(overlapOf('', 'Ada lives here.')).toMatchObject({ absent: 0 })
    expect(overlapOf('who?', '').shares).toHaveLength(0)
  })
})

describe('the ranker of sentences', () => {
  test('probabilities add up to 1, and what is learnt is told', () => {
    const rows = tinyQuestionRows(200, 4).examples.flatMap(({ input, output }) => {
      if (input.kind !== 'question' || output.kind !== 'answer' || !output.span) return []
      const { sentences } = reader.context(input.context)
      const overlap = overlapOf(input.question, input.context)
      return [{ overlap, sentences, places: [output.span.start] }]
    })
    const weights = fitRanker(rows)
    const right = rows.filter(({ overlap, sentences, places }) => {
      const priors = sentencePriors(weights, overlap, sentences)
      expect(priors.reduce((sum, prior) => sum + Math.exp(prior), 0)).toBeCloseTo(1)
      const best = sentences[priors.indexOf(Math.max(...priors))]!
      return best.start <= places[0]! && places[0]! < best.end
    })
    expect(right.length / rows.length).toBeGreaterThan(0.75)
  })

  test('without rows shared words speak for a sentence, and a text without any has no priors', () => {
    const context = reader.context('Ada lives here. Tom eats soup.')
    const overlap = overlapOf('what does Tom eat?', context.text)
    const [first, second] = sentencePriors(fitRanker([]), overlap, context.sentences)
    expect(second).toBeGreaterThan(first!)
    expect(sentencePriors(fitRanker([]), overlapOf('who?', ''), [])).toHaveLength(0)
  })
})

describe('what is learnt of words', () => {
  test('a word that all questions have is not rare, though few texts do', () => {
    const rows = [
      asked('where does Ada live?', 'Ada lives in {Oslo}.'),
      asked('where does Tom live?', 'Tom lives in {Rome}.'),
      asked('where does Wei live?', 'Wei eats rice.'),
    ]
    const { rarity } = learnWords(rows, rows, reader)
    const [where, ada, none] = readWords('where Ada nowhere').codes
    expect(rarity[where!]).toBeLessThan(rarity[ada!]!)
    expect(rarity[ada!]).toBeLessThan(rarity[none!]!)
  })
})

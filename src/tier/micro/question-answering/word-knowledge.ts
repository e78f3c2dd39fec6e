// What is learnt of words and sentences before the encoder is trained: in seconds, from all rows.
import type { Example } from '../../../data/example.ts'
import type { QuestionReader } from './read-context.ts'
import { createWordReader, wordRarity } from './read-words.ts'
import { fitRanker, type RankedSentences } from './sentence-ranker.ts'
import { wordOverlap } from './word-overlap.ts'

export interface WordKnowledge {
  /** Rarity of words, by code. */
  readonly rarity: Float32Array
  /** Weights of a sentence's signs. */
  readonly ranker: readonly number[]
}

/** Learns it from examples; what is asked in others is not looked at, but the texts of `all` are read. */
export function learnWords(
  examples: readonly Example[],
  all: readonly Example[],
  reader: QuestionReader,
): WordKnowledge {
  const rarity = rarityIn(all)
  const ranked: RankedSentences[] = []
  for (const { input, output, weight } of examples) {
    if (input.kind !== 'question' || output.kind !== 'answer' || weight <= 0) continue
    const question = reader.question(input.question)
    const { span, others = [] } = output
    if (span === undefined) continue
    const context = reader.context(input.context)
    const overlap = wordOverlap(question, context, rarity)
    const places = [span, ...others].map(({ start }) => start)
    ranked.push({ overlap, sentences: context.sentences, places })
  }
  return { rarity, ranker: fitRanker(ranked) }
}

/** A word is as rare as it is in texts or in questions, whichever is less: "which" says little though few texts have it. */
function rarityIn(examples: readonly Example[]): Float32Array {
  const readWords = createWordReader()
  const asked = examples.flatMap(({ input }) => (input.kind === 'question' ? [input] : []))
  const inTexts = wordRarity([...new Set(asked.map(({ context }) => context))].map(readWords))
  const inQuestions = wordRarity([...new Set(asked.map(({ question }) => question))].map(readWords))
  return inTexts.map((rarity, code) => Math.min(rarity, inQuestions[code]!))
}

// Whether questions asked like this one have answers, whatever the text: people ask what is not there in other words
// (Gururangan et al., 2018, on such traces). A linear model of words and pairs of words.
import type { Random } from '../../../base/random.ts'
import { pairCodes, type TextWords, wordCodes } from './read-words.ts'

/** A question and whether its answer was there. */
export interface StyledQuestion {
  readonly words: TextWords
  readonly there: boolean
}

// More rounds learn the questions by heart.
const rounds = 3
const rate = 0.1
const penalty = 3e-3

/** Weights by code of words and pairs, by steps of AdaGrad (Duchi, Hazan & Singer, 2011). */
export function fitStyle(rows: readonly StyledQuestion[], random: Random): Float32Array {
  const weights = new Float32Array(wordCodes)
  const squares = new Float32Array(wordCodes).fill(1e-2)
  const terms = rows.map(({ words }) => termsOf(words))
  for (let round = 0; round < rounds; round++) {
    for (const row of random.shuffle([...rows.keys()])) {
      const present = terms[row]!
      const gradient = 1 / (1 + Math.exp(-logitOf(weights, present))) - Number(rows[row]!.there)
      const each = gradient / Math.sqrt(present.length)
      for (const term of present) {
        const own = each + penalty * weights[term]!
        squares[term] = squares[term]! + own * own
        weights[term] = weights[term]! - (rate * own) / Math.sqrt(squares[term]!)
      }
    }
  }
  return weights
}

/** Logit of the answer being there, of questions asked so. */
export function styleOf(weights: Float32Array, words: TextWords): number {
  return logitOf(weights, termsOf(words))
}

function logitOf(weights: Float32Array, terms: Int32Array): number {
  let sum = 0
  for (const term of terms) sum += weights[term]!
  return sum / Math.sqrt(Math.max(1, terms.length))
}

/** Codes of the words, and of each pair of neighbours. */
function termsOf({ codes }: TextWords): Int32Array {
  const known = codes.filter((code) => code >= 0)
  const pairs = pairCodes(known)
  const terms = new Int32Array(2 * known.length)
  terms.set(known)
  terms.set(pairs, known.length)
  return terms
}

// Term frequency times inverse document frequency as scikit-learn's TfidfVectorizer counts it, so that the
// baseline is the one that everybody knows. For speed and scores of our own see `model/linear/`.
import { dominantScript } from '../text/script.ts'

/** Rows of numbers in compressed form: row `i` is `starts[i]` up to `starts[i + 1]`. */
export interface WeightedRows {
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: Float32Array
}

/** Fitted on some texts; turns any texts into rows of length 1. */
export interface TfidfVectorizer {
  readonly size: number
  rows(texts: readonly string[]): WeightedRows
}

/** Words of two or more letters or digits with their pairs; in scripts without spaces, one to three characters. */
export function fitTfidf(texts: readonly string[]): TfidfVectorizer {
  const characters = dominantScript(texts.slice(0, 1000).join(' ').slice(0, 100_000)) === 'zh'
  const termsOf = characters ? characterTerms : wordTerms
  const numbers = new Map<string, number>()
  const frequencies: number[] = []
  for (const text of texts) {
    for (const term of new Set(termsOf(text))) {
      const known = numbers.get(term)
      if (known === undefined) {
        numbers.set(term, frequencies.length)
        frequencies.push(1)
      } else frequencies[known]!++
    }
  }
  // scikit-learn's smooth_idf: as if one more text had every term.
  const idf = Float32Array.from(frequencies, (n) => Math.log((1 + texts.length) / (1 + n)) + 1)
  return { size: idf.length, rows: (given) => weigh(given.map(termsOf), numbers, idf) }
}

function weigh(
  termLists: readonly (readonly string[])[],
  numbers: ReadonlyMap<string, number>,
  idf: Float32Array,
): WeightedRows {
  const starts = [0]
  const columns: number[] = []
  const values: number[] = []
  for (const terms of termLists) {
    const counts = new Map<number, number>()
    for (const term of terms) {
      const number = numbers.get(term)
      if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    const weights = [...counts].map(([number, count]) => [number, count * idf[number]!] as const)
    const length = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight * weight, 0))
    for (const [number, weight] of weights) {
      columns.push(number)
      values.push(weight / length)
    }
    starts.push(columns.length)
  }
  return {
    starts: Int32Array.from(starts),
    columns: Int32Array.from(columns),
    values: Float32Array.from(values),
  }
}

function wordTerms(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}\p{M}_]{2,}/gu) ?? []
  return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)]
}

const longestCharacters = 3

function characterTerms(text: string): readonly string[] {
  const characters = [...text.toLowerCase().replace(/\s+/g, ' ')]
  return characters.flatMap((_, start) =>
    Array.from({ length: Math.min(longestCharacters, characters.length - start) }, (__, more) =>
      characters.slice(start, start + more + 1).join(''),
    ),
  )
}

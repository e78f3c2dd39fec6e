// A text that questions are asked about, read once for all of them: tokens, words and sentences, and which token is
// part of which.
import type { Encoding, Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { createWordReader, type TextWords } from './read-words.ts'
import { type Sentence, sentencesOf } from './sentences.ts'

export interface ReadContext {
  readonly text: string
  readonly tokens: Encoding
  readonly words: TextWords
  readonly sentences: readonly Sentence[]
  /** Of each token: its word, or −1. */
  readonly wordOf: Int32Array
  /** Of each word: its sentence. */
  readonly sentenceOf: Int32Array
}

export interface ReadQuestion {
  readonly text: string
  readonly tokens: Encoding
  readonly words: TextWords
  readonly wordOf: Int32Array
}

/** Reads contexts and questions. */
export interface QuestionReader {
  context(text: string): ReadContext
  question(text: string): ReadQuestion
}

/** UTF-16 units of a question at most: what lies behind is not read. */
const mostQuestionUnits = 2000

/** A reader; a context that was read lately is not read again. */
export function createQuestionReader(tokenizer: Tokenizer): QuestionReader {
  const readWords = createWordReader()
  let last: ReadContext | undefined
  return {
    context: (text) => {
      if (last?.text === text) return last
      const [tokens, words, sentences] = [tokenizer.encode(text), readWords(text), sentencesOf(text)]
      last = {
        ...{ text, tokens, words, sentences },
        wordOf: partOf(tokens.starts, words),
        sentenceOf: partOf(words.starts, {
          starts: Int32Array.from(sentences, ({ start }) => start),
          ends: Int32Array.from(sentences, ({ end }) => end),
        }),
      }
      return last
    },
    question: (whole) => {
      const text = whole.slice(0, mostQuestionUnits)
      const [tokens, words] = [tokenizer.encode(text), readWords(text)]
      return { text, tokens, words, wordOf: partOf(tokens.starts, words) }
    },
  }
}

/** Of each place, in ascending order: the part that it lies in, or −1. */
function partOf(
  places: Int32Array,
  { starts, ends }: { readonly starts: Int32Array; readonly ends: Int32Array },
): Int32Array {
  let part = 0
  return places.map((place) => {
    while (part < starts.length && ends[part]! <= place) part++
    return part < starts.length && starts[part]! <= place ? part : -1
  })
}

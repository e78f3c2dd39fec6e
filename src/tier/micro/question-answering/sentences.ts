// Sentences of a text by its punctuation, in any script; an abbreviation such as "Dr." ends none.
import type { Span } from '../../../task/types.ts'

/** Offsets of a sentence, the space behind it included: sentences cover the text. */
export type Sentence = Pick<Span, 'start' | 'end'>

const boundary =
  /(?<=\p{L}{3})[.!?…]+["'”’)\]]*\s+|[.!?…]["'”’)\]]*\s+(?=["'“‘([]*[^\s\p{Ll}])|[。！？；]["'”’」』）]*|\n\s*/gu
const abbreviation = /(?<!\p{L})\p{Lu}\p{Ll}?\.\s+$/u
/** Units that an abbreviation and the space behind it have at most. */
const longestAbbreviation = 16

/** Sentences in order. */
export function sentencesOf(text: string): readonly Sentence[] {
  const sentences: Sentence[] = []
  let start = 0
  for (const { index, 0: sign } of text.matchAll(boundary)) {
    const end = index + sign.length
    if (abbreviation.test(text.slice(Math.max(start, end - longestAbbreviation), end))) continue
    if (text.slice(start, end).trim() === '') continue
    sentences.push({ start, end })
    start = end
  }
  if (start < text.length) sentences.push({ start, end: text.length })
  return sentences
}

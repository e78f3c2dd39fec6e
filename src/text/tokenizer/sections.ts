/** Finds added tokens that are ordinary text (a word a user added to the vocabulary) in a text, and what lies between. */

import { exactly } from './pattern.ts'
import type { AddedToken } from './vocabulary.ts'

/** Units `from` to `to`: an added token with its id, or text to be tokenized. */
export interface Section {
  readonly from: number
  readonly to: number
  readonly id: number | undefined
}

/** A function that cuts a text at these tokens, the longest first. */
export function createSections(tokens: readonly AddedToken[]): (text: string) => readonly Section[] {
  if (tokens.length === 0) return (text) => [{ from: 0, to: text.length, id: undefined }]
  const byContent = new Map(tokens.map((token) => [token.content, token]))
  const contents = [...byContent.keys()].toSorted((a, b) => b.length - a.length)
  const pattern = new RegExp(contents.map((content) => exactly(content).source).join('|'), 'gu')
  return (text) => {
    const sections: Section[] = []
    let done = 0
    for (const match of text.matchAll(pattern)) {
      const from = match.index
      const to = from + match[0].length
      const token = byContent.get(match[0])!
      if (token.singleWord && (isWordAt(text, from - 1) || isWordAt(text, to))) continue
      if (from > done) sections.push({ from: done, to: from, id: undefined })
      sections.push({ from, to, id: token.id })
      done = to
    }
    if (done < text.length) sections.push({ from: done, to: text.length, id: undefined })
    return sections
  }
}

function isWordAt(text: string, unit: number): boolean {
  return /[\p{L}\p{N}_]/u.test(text.charAt(unit))
}

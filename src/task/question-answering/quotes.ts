/** Where an answer stands in a text: as it is written, else in other case or without its full stop; of several places the one nearest to the question's words. */
import { isWhole } from '../fields/place.ts'
import type { Span } from '../types.ts'
import { normalisedAnswer } from './answer-text.ts'

/** Characters on both sides of a place that are compared with the question. */
const around = 120
/** Places that are compared. */
const mostPlaces = 200
const dressing = /^[\s"'“”‘’`*「『]+|[\s"'“”‘’`*」』.。]+$/gu

/** The piece of the context that says the same as a text, whole words only; `undefined` where there is none. */
export function findQuote(context: string, question: string, text: string): Span | undefined {
  const bare = text.replace(dressing, '')
  const starts =
    placesOf(context, text) ?? placesOf(context, bare) ?? placesOf(sameLength(context), sameLength(bare))
  if (starts === undefined) return undefined
  const length = context.startsWith(text, starts[0]) ? text.length : bare.length
  const start = starts.length === 1 ? starts[0]! : nearest(context, question, { starts, length })
  const quote = context.slice(start, start + length)
  if (normalisedAnswer(quote) !== normalisedAnswer(text)) return undefined
  return { start, end: start + length, text: quote }
}

/** In lower case, where that leaves all offsets as they are. */
function sameLength(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text
}

function placesOf(context: string, text: string): readonly number[] | undefined {
  if (text === '') return undefined
  const starts: number[] = []
  for (let at = context.indexOf(text); at >= 0 && starts.length < mostPlaces; ) {
    if (isWhole(context, { start: at, end: at + text.length })) starts.push(at)
    at = context.indexOf(text, at + 1)
  }
  return starts.length > 0 ? starts : undefined
}

function nearest(
  context: string,
  question: string,
  { starts, length }: { readonly starts: readonly number[]; readonly length: number },
): number {
  const asked = new Set(wordsOf(question))
  const shared = (start: number): number => {
    const words = wordsOf(context.slice(Math.max(0, start - around), start + length + around))
    return new Set(words.filter((word) => asked.has(word))).size
  }
  let best = { start: starts[0]!, shared: -1 }
  for (const start of starts) {
    const count = shared(start)
    if (count > best.shared) best = { start, shared: count }
  }
  return best.start
}

/** Words of three letters and more, and pairs of characters of scripts without spaces. */
function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []
  const pairs = (text.match(/\p{Script=Han}{2,}/gu) ?? []).flatMap((run) =>
    Array.from({ length: run.length - 1 }, (_, at) => run.slice(at, at + 2)),
  )
  return [...words, ...pairs]
}

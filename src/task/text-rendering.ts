/** Finds what stands around the label in answers of plain text: `Label: `, quotes, tags, a full stop, a line below. */
import { read } from './rendering.ts'
import type { CountedText } from './tally.ts'
import type { Rendering } from './types.ts'

type TextRendering = Extract<Rendering, { kind: 'text' }>

/** Answers that candidates are taken from, and the most cuts of one at each end. */
const sampleSize = 5
const mostCuts = 12
const longestSample = 2000

/**
 * A constant before a label ends at a sign that announces it, so that a beginning that labels share (`card_arrival`,
 * `card_linking`) stays with them.
 */
const announces = /(?:[:：]\*{0,2}\s+|：|=\s*|->\s*|=>\s*|→\s*|\n\s*)$/
/** A constant after a label is a full stop and space, or begins on a line of its own. */
const follows = /^(?:[.。]?\s*|[.。]?\s*\n.*)$/s
/** What may enclose a label: opening and closing sign. */
const enclosures: readonly (readonly [string, string])[] = [
  ['**', '**'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['「', '」'],
  ['(', ')'],
  ['[', ']'],
  ['>', '</'],
]
const cutBefore = /[:：=>→\n"'`*“「([]\s*/g
const cutAfter = /\s*[.。\n"'`*”」)\]<]|\s+$/g

/** The longest constants that answers of at least the weight `least` have around a label; none where there are none. */
export function textRendering(counted: readonly CountedText[], least: number): TextRendering {
  const sample = counted
    .filter((answer) => answer.text.length <= longestSample)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, sampleSize)
  const candidates = new Map(
    sample
      .flatMap((answer) => candidatesOf(answer.text))
      .map((found) => [`${found.before}\0${found.after}`, found]),
  )
  const total = counted.reduce((sum, answer) => sum + answer.count, 0)
  let best: TextRendering = { kind: 'text', before: '', after: '' }
  let bestRank: readonly number[] = [0, exactly(best, counted)]
  for (const candidate of candidates.values()) {
    const length = candidate.before.trim().length + candidate.after.trim().length
    if (length < bestRank[0]! || !isReadable(candidate, counted, total - least)) continue
    const rank = [length, exactly(candidate, counted)]
    if (length === bestRank[0]! && rank[1]! <= bestRank[1]!) continue
    best = candidate
    bestRank = rank
  }
  return best
}

function candidatesOf(answer: string): readonly TextRendering[] {
  const starts = [0, ...[...answer.matchAll(cutBefore)].map((match) => match.index + match[0].length)]
  const ends = [...[...answer.matchAll(cutAfter)].map((match) => match.index), answer.length]
  return starts.slice(0, mostCuts).flatMap((start) =>
    ends
      .slice(-mostCuts)
      .filter((end) => end > start)
      .map(
        (end): TextRendering => ({ kind: 'text', before: answer.slice(0, start), after: answer.slice(end) }),
      )
      .filter(isWhole),
  )
}

/** Both sides end where a label may begin or end, and what is opened is closed. */
function isWhole({ before, after }: TextRendering): boolean {
  const enclosure = enclosures.find(
    ([opening, closing]) => before.endsWith(opening) && after.startsWith(closing),
  )
  if (enclosure !== undefined) return true
  return (before.trim() === '' || announces.test(before)) && follows.test(after)
}

/** True where answers of at most the weight `tolerated` do not have the constants. */
function isReadable(rendering: TextRendering, counted: readonly CountedText[], tolerated: number): boolean {
  let unread = 0
  return counted.every(({ text, count }) => {
    if (read(rendering, text) === undefined) unread += count
    return unread <= tolerated
  })
}

/** Weight of the answers that the rendering would write as they are. */
function exactly({ before, after }: TextRendering, counted: readonly CountedText[]): number {
  return counted.reduce((sum, { text, count }) => {
    const inside = text.slice(before.length, text.length - after.length)
    const isExact = text.startsWith(before) && text.endsWith(after) && inside.trim() === inside
    return sum + (isExact ? count : 0)
  }, 0)
}

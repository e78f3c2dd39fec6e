/**
 * Which of several places of a value is the one that is meant: the one that stands where the field's values usually
 * stand, told by the words beside it, the beginning of its line, and its being the first or the last.
 */
import type { Span } from '../types.ts'
import type { Wanted } from './collect.ts'
import { overlap, type Place } from './place.ts'

/** A value with its places in the text. */
export interface Located {
  readonly wanted: Wanted
  readonly places: readonly Place[]
}

/** Scores a place of a label's value; larger is more usual. */
export type PlaceScore = (label: string, cues: readonly string[]) => number

/** A text and what is wanted from it. */
export interface LocatedRow {
  readonly text: string
  readonly located: readonly Located[]
}

const rounds = 3
/** More places of one value are not told apart. */
const mostPlaces = 40

/** Learns where each label's values usually stand. Values with one place begin, the others join by the score so far. */
export function learnPlaces(rows: readonly LocatedRow[]): PlaceScore {
  const cued = rows.flatMap(({ text, located }) =>
    located
      .filter(({ places, wanted }) => places.length > 0 && wanted.start === undefined)
      .map(({ wanted, places }) => ({
        label: wanted.label,
        cues: places.slice(0, mostPlaces).map((_, at) => cuesOf(text, places, at)),
      })),
  )
  let score: PlaceScore = () => 0
  for (let round = 0; round < rounds; round++) {
    const chosen = new Map<string, number>()
    const all = new Map<string, number>()
    for (const { label, cues } of cued) {
      const scores = cues.map((one) => score(label, one))
      const best = Math.max(...scores)
      const usual = scores.filter((one) => one === best).length
      cues.forEach((one, at) => {
        for (const cue of one) {
          const key = `${label}\n${cue}`
          all.set(key, (all.get(key) ?? 0) + 1)
          if (scores[at] === best) chosen.set(key, (chosen.get(key) ?? 0) + 1 / usual)
        }
      })
    }
    score = (label, cues) =>
      cues.reduce((sum, cue) => {
        const key = `${label}\n${cue}`
        return sum + Math.log(((chosen.get(key) ?? 0) + 0.5) / ((all.get(key) ?? 0) + 1))
      }, 0)
  }
  return score
}

/** Spans for what is wanted, none overlapping another; `undefined` where a value has no place left. */
export function choosePlaces({ text, located }: LocatedRow, score: PlaceScore): readonly Span[] | undefined {
  const taken: Span[] = []
  // Values with few places first, and longer before shorter: what can stand anywhere makes room.
  const order = located.toSorted(
    (a, b) => a.places.length - b.places.length || b.wanted.value.length - a.wanted.value.length,
  )
  for (const { wanted, places } of order) {
    const free = places.filter((place) => !taken.some((span) => overlap(span, place)))
    const repeated =
      wanted.everywhere &&
      taken.some(
        ({ label, start, end }) =>
          label === wanted.label && places.some((place) => place.start === start && place.end === end),
      )
    if (free.length === 0 && !repeated) return undefined
    const chosen = wanted.everywhere ? withoutOverlap(free) : [best(text, { places, free, wanted }, score)]
    for (const { start, end } of chosen)
      taken.push({ start, end, label: wanted.label, text: text.slice(start, end) })
  }
  return taken.sort((a, b) => a.start - b.start)
}

function best(
  text: string,
  {
    places,
    free,
    wanted,
  }: { readonly places: readonly Place[]; readonly free: readonly Place[]; readonly wanted: Wanted },
  score: PlaceScore,
): Place {
  if (free.length === 1) return free[0]!
  const scores = free
    .slice(0, mostPlaces)
    .map((place) => score(wanted.label, cuesOf(text, places, places.indexOf(place))))
  return free[scores.indexOf(Math.max(...scores))]!
}

function withoutOverlap(places: readonly Place[]): readonly Place[] {
  const kept: Place[] = []
  for (const place of places) if (!kept.some((other) => overlap(other, place))) kept.push(place)
  return kept
}

const word = /[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu

function cuesOf(text: string, places: readonly Place[], at: number): readonly string[] {
  const { start, end } = places[at]!
  const before = text.slice(Math.max(0, start - 60), start)
  const after = text.slice(end, end + 30)
  const words = (before.match(word) ?? []).map(plain)
  const line = before.slice(before.lastIndexOf('\n') + 1)
  return [
    `one before ${words.at(-1) ?? ''}`,
    `two before ${words.slice(-2).join(' ')}`,
    `three before ${words.slice(-3).join(' ')}`,
    `after ${plain(after.match(word)?.[0] ?? '')}`,
    `line ${plain(line.trim())}`,
    ...(at === 0 ? ['first'] : []),
    ...(at === places.length - 1 ? ['last'] : []),
  ]
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\d/g, '0')
}

/**
 * Aligns texts that were made from one pattern: the parts that are the same in all of them, exactly, and between them the
 * slots that vary. Learned from a sample, checked on every text, and learned again with those that do not fit.
 */
import { assert } from '../base/errors.ts'
import { wholeBeginning, wholeEnd } from './boundary.ts'
import { commonPieces } from './common-substrings.ts'

const sampleSize = 16
const rounds = 8
/** Longer texts are checked but not learned from. */
const longestLearned = 100_000
const mostPieces = 64
const shortestPiece = 4
/**
 * Share of the texts in which a constant between slots must stand exactly once. What stands there by chance is spread as
 * a Poisson variable, exactly once in at most 37% of texts whatever its rate.
 */
const onceShare = 0.9

/**
 * The constants of texts made from one pattern, one more than there are slots: `constants[0] slot constants[1] …`.
 * One constant and no slot where all texts are equal. Every text given splits by what is returned.
 */
export function alignTexts(texts: readonly string[]): readonly string[] {
  assert(texts.length > 0, 'alignTexts needs at least one text')
  const distinct = [...new Set(texts)]
  const first = distinct[0]!
  if (distinct.length === 1) return [first]
  const shared = commonBeginning(distinct)
  const start = wholeBeginning(distinct, shared)
  const before = first.slice(0, start)
  const end = wholeEnd(distinct, commonEnd(distinct, shared), before)
  const after = first.slice(first.length - end)
  const regions = distinct.map((text) => text.slice(start, text.length - end))
  return [before, ...innerConstants(regions, before), after]
}

/**
 * What stands in the slots between constants, or `undefined` where the text does not have them in order with nothing
 * before or after. Constants between slots are taken where they first stand, from left to right.
 */
export function splitByConstants(constants: readonly string[], text: string): readonly string[] | undefined {
  const last = constants.length - 1
  const head = constants[0]!
  if (last === 0) return text === head ? [] : undefined
  const tail = constants[last]!
  const limit = text.length - tail.length
  if (limit < head.length || !text.startsWith(head) || !text.endsWith(tail)) return undefined
  const slots: string[] = []
  let from = head.length
  for (let index = 1; index < last; index++) {
    const constant = constants[index]!
    const at = text.indexOf(constant, from)
    if (at < 0 || at + constant.length > limit) return undefined
    slots.push(text.slice(from, at))
    from = at + constant.length
  }
  slots.push(text.slice(from, limit))
  return slots
}

function commonBeginning(texts: readonly string[]): number {
  const first = texts[0]!
  let length = first.length
  for (const text of texts) {
    let at = 0
    while (at < length && text.charCodeAt(at) === first.charCodeAt(at)) at++
    length = at
  }
  return length
}

function commonEnd(texts: readonly string[], taken: number): number {
  const first = texts[0]!
  let length = first.length - taken
  for (const text of texts) {
    const most = Math.min(length, text.length - taken)
    let at = 0
    while (at < most && text.charCodeAt(text.length - 1 - at) === first.charCodeAt(first.length - 1 - at))
      at++
    length = at
  }
  return length
}

/** Constants between the slots of regions whose common beginning and end are cut off already. */
function innerConstants(regions: readonly string[], before: string): readonly string[] {
  const learned = regions.filter((region) => region.length <= longestLearned)
  if (learned.length < 2) return []
  const step = Math.max(1, Math.floor(learned.length / sampleSize))
  const sample = new Set(learned.filter((_, index) => index % step === 0).slice(0, sampleSize))
  for (let round = 0; round < rounds; round++) {
    const chosen = chooseInner([...sample], regions, before)
    const constants = ['', ...chosen, '']
    const unfit = regions.filter((region) => splitByConstants(constants, region) === undefined)
    if (unfit.length === 0) return chosen
    const fresh = unfit.filter((region) => region.length <= longestLearned && !sample.has(region))
    if (fresh.length === 0) return []
    for (const region of fresh.slice(0, sampleSize)) sample.add(region)
  }
  return []
}

function chooseInner(
  sample: readonly string[],
  regions: readonly string[],
  before: string,
): readonly string[] {
  const pivot = sample.reduce((least, region) => (region.length < least.length ? region : least))
  const pieces = commonPieces(
    pivot,
    sample.filter((region) => region !== pivot),
    shortestPiece,
  )
  const longest = pieces.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, mostPieces)
  const texts = longest.toSorted((a, b) => a.start - b.start).map(({ start, end }) => pivot.slice(start, end))
  const chain = heaviestChain(texts.filter(isSubstantial), sample)
  const chosen: string[] = []
  for (const constant of chain) {
    const whole = wholePiece(constant, sample, chosen.at(-1) ?? before)
    if (isSubstantial(whole) && standsOnce(whole, regions)) chosen.push(whole)
  }
  return chosen
}

/** Two signs that are no spaces, four characters in all: less is too easily found in the varying parts themselves. */
function isSubstantial(constant: string): boolean {
  return constant.length >= shortestPiece && constant.replace(/\s+/g, '').length >= 2
}

function standsOnce(constant: string, regions: readonly string[]): boolean {
  let once = 0
  for (const region of regions) {
    const at = region.indexOf(constant)
    if (at >= 0 && region.indexOf(constant, at + 1) < 0) once++
  }
  return once >= onceShare * regions.length
}

/** The piece without what it divides or takes from the slots on its two sides. */
function wholePiece(constant: string, regions: readonly string[], before: string): string {
  const ends = regions.map((region) => region.slice(0, region.indexOf(constant) + constant.length))
  const kept = constant.slice(constant.length - wholeEnd(ends, constant.length, before))
  const starts = regions.map((region) =>
    region.slice(region.indexOf(constant) + constant.length - kept.length),
  )
  return kept.slice(0, wholeBeginning(starts, kept.length))
}

/** Of pieces in the pivot's order, those with the most characters that stand in this order in every region. */
function heaviestChain(pieces: readonly string[], regions: readonly string[]): readonly string[] {
  const places = pieces.map((piece) => regions.map((region) => region.indexOf(piece)))
  const follows = (later: number, earlier: number): boolean =>
    places[later]!.every((at, region) => at >= places[earlier]![region]! + pieces[earlier]!.length)
  const weight = pieces.map((piece) => piece.length)
  const previous: (number | undefined)[] = pieces.map(() => undefined)
  for (let later = 0; later < pieces.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const total = weight[earlier]! + pieces[later]!.length
      if (total <= weight[later]! || !follows(later, earlier)) continue
      weight[later] = total
      previous[later] = earlier
    }
  }
  let at: number | undefined = weight.indexOf(Math.max(...weight))
  const chain: string[] = []
  for (; at !== undefined && at >= 0; at = previous[at]) chain.unshift(pieces[at]!)
  return chain
}

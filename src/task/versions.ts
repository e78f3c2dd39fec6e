/**
 * Tells a slot whose texts are a few wordings of the instructions from one whose texts are inputs: inputs begin and end
 * in many ways, wordings in two or three. Taking wordings for inputs would let any changed prompt match.
 */

import { groupIndexes } from './tally.ts'

/** Texts to compare at a slot's beginning and end, in characters: longer than what inputs share by custom. */
const headLength = 12
/** Up to so many wordings that together are nearly all of the texts … */
const mostVersions = 3
const nearlyAll = 0.98
/** … or one that most of them have. */
const most = 0.9
/** Shorter values, such as a customer's tier, are not wordings. */
const shortestVersion = 40

/** Indexes of the texts of the most frequent wording, or `undefined` where the texts are inputs. */
export function leadingVersion(texts: readonly string[]): readonly number[] | undefined {
  const beginning = (text: string): string => text.slice(0, headLength)
  const ending = (text: string): string => text.slice(-headLength)
  return (
    leadingGroup(texts, (text) => text, shortestVersion) ??
    leadingGroup(texts, beginning, 2 * headLength) ??
    leadingGroup(texts, ending, 2 * headLength)
  )
}

function leadingGroup(
  texts: readonly string[],
  keyOf: (text: string) => string,
  shortest: number,
): readonly number[] | undefined {
  const groups = groupIndexes(texts, keyOf)
  if (groups.length < 2) return undefined
  const [key, leading] = groups[0]!
  const foremost = groups.slice(0, mostVersions).flatMap(([, group]) => group)
  if (foremost.every((index) => texts[index]!.length < shortest) || isNumber(key)) return undefined
  const isFew = foremost.length >= nearlyAll * texts.length || leading.length >= most * texts.length
  return isFew ? leading : undefined
}

/** True for a beginning or end such as `2026-11-24T1`: a date or number that goes on changing, not a wording. */
function isNumber(key: string): boolean {
  return key.length <= headLength && (key.match(/\p{N}/gu)?.length ?? 0) > 3
}

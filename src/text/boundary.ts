/**
 * Where a text can be cut without dividing what belongs together: a word, a number with its points and colons, a letter
 * and its accent. What a few texts share by chance at the edge of a part that varies (a first letter, a full stop) does
 * not belong to what is the same in all texts.
 */

/** Longer runs without a place to cut are taken for a script or code that has none, and are cut where they stand. */
const longestToken = 40

const letter = /[\p{L}\p{M}\p{N}]/u
const mark = /\p{M}|\u200d|\ufe0f/u
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u

/** What ends a sentence or a clause: it goes with the varying part before it. */
const closingPunctuation = '.!?,;…。！？，；'
/** Closing signs with the sign that opens each. */
const openingOf: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  [')', '('],
  [']', '['],
  ['}', '{'],
  ['”', '“'],
  ['’', '‘'],
  ['»', '«'],
  ['」', '「'],
  ['』', '『'],
  ['）', '（'],
  ['】', '【'],
  ['》', '《'],
])

/** True where a cut before `text[at]` would divide a word, a number or a character. */
function isInsideToken(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false
  const left = text.charCodeAt(at - 1)
  const right = text.charCodeAt(at)
  if (isDigit(left) && isJoiner(right)) return isDigit(text.charCodeAt(at + 1))
  if (isJoiner(left) && isDigit(right)) return isDigit(text.charCodeAt(at - 2))
  if (left < 0x80 && right < 0x80) return isAsciiWord(left) && isAsciiWord(right)
  if (left >= 0xd800 && left <= 0xdbff && right >= 0xdc00 && right <= 0xdfff) return true
  const following = text[at]!
  if (mark.test(following)) return true
  return isWord(text[at - 1]!) && isWord(following)
}

/** Longest length, at most `length`, of the texts' common beginning that divides no token of any of them. */
export function wholeBeginning(texts: readonly string[], length: number): number {
  const divides = (at: number): boolean => texts.some((text) => isInsideToken(text, at))
  let at = length
  while (at > 0 && length - at <= longestToken && divides(at)) at--
  return length - at <= longestToken ? at : length - (texts.some((text) => isMidPair(text, length)) ? 1 : 0)
}

/**
 * Longest length, at most `length`, of the texts' common end that divides no token and begins with no punctuation of
 * the part before it; a closing sign stays when `before`, the constant ahead of that part, ends with its opening sign.
 */
export function wholeEnd(texts: readonly string[], length: number, before: string): number {
  const sample = texts[0]!
  const divides = (rest: number): boolean => texts.some((text) => isInsideToken(text, text.length - rest))
  let rest = length
  while (rest > 0 && length - rest <= longestToken) {
    const sign = sample[sample.length - rest]!
    if (!divides(rest) && !closingPunctuation.includes(sign) && !isUnopened(sign, before)) break
    rest--
  }
  if (length - rest <= longestToken) return rest
  return length - (texts.some((text) => isMidPair(text, text.length - length)) ? 1 : 0)
}

function isUnopened(sign: string, before: string): boolean {
  const opening = openingOf.get(sign)
  return opening !== undefined && !before.endsWith(opening)
}

function isMidPair(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

/** Signs that join digits to one number, date, time or address: `, - . / :` */
function isJoiner(unit: number): boolean {
  return (unit >= 0x2c && unit <= 0x2f) || unit === 0x3a
}

function isAsciiWord(unit: number): boolean {
  return isDigit(unit) || unit === 0x5f || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a)
}

function isWord(character: string): boolean {
  const unit = character.charCodeAt(0)
  return unit < 0x80 ? isAsciiWord(unit) : letter.test(character) && !unspaced.test(character)
}

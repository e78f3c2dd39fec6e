/** Telephone numbers: international ones, and national ones whose writing or whose words before them tell. */
import { type DigitGroup, digitGroups, digitsIn, digitsOf } from './digit-groups.ts'
import { beginsFreely, endsFreely, type Found, followsMark, goesOn, isDigit } from './found.ts'

/** Words before a number that make it a telephone number. */
const phoneWords =
  /(?:(?<![A-Za-z])(?:tel|telephone|telefon|téléphone|teléfono|phone|mobile|handy|cell|fax|whatsapp|call(?: (?:me|us))?(?: (?:at|on))?)|电话|手机|手机号|联系方式|致电|传真|拨打)(?: ?(?:number|nr|no|num|号码|号))?[\s.:：=是为()"'+]{0,4}$/i
/** Words before a number that make it another's number. */
const otherWords =
  /(?:(?<![A-Za-z])(?:order|invoice|ticket|tracking|account|reference|ref|id|sku|isbn|serial|case|po)|部件|订单|单号|编号|运单|发票|账号|流水|工单|卡号|序列)(?: ?(?:number|nr|no|num|号码|号))?[\s.:：=#是为("']{0,4}$/i
/** UTF-16 units before a number in which such words are looked for, and units that may stand between. */
const wordsWithin = 28
const gapWithin = 5

const fewestDigits = 7
const mostDigits = 16
const mostGroups = 8

/** Some groups of a chain that may be a number. */
interface Candidate {
  readonly text: string
  readonly groups: readonly DigitGroup[]
  readonly digits: number
  readonly hasPlus: boolean
}

/** Every telephone number of a text. */
export function findPhone(text: string): readonly Found[] {
  const found: Found[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code) && code !== 43 && code !== 40) continue
    const hasPlus = code === 43
    const chain = digitGroups(text, hasPlus ? i + 1 : i)
    if (chain.length === 0) continue
    if (chain.reduce((sum, group) => sum + group.length, 0) >= fewestDigits)
      findInChain(text, chain, { plusAt: hasPlus ? i : undefined, found })
    i = chain.at(-1)!.end - 1
  }
  return found
}

function findInChain(
  text: string,
  chain: readonly DigitGroup[],
  into: { readonly plusAt: number | undefined; readonly found: Found[] },
): void {
  for (let first = 0; first < chain.length; first++) {
    const hasPlus = first === 0 && into.plusAt !== undefined
    const start = hasPlus ? into.plusAt! : chain[first]!.start
    if (!mayBegin(text, start)) continue
    const count = groupsOfPhone(text, start, { groups: chain.slice(first, first + mostGroups), hasPlus })
    if (count === 0) continue
    first += count - 1
    into.found.push({ kind: 'PHONE', start, end: chain[first]!.end })
  }
}

/** No number begins inside a word, an amount, a longer number or an identifier with hyphens. */
function mayBegin(text: string, at: number): boolean {
  if (at === 0) return true
  if (!beginsFreely(text, at)) return false
  const before = text[at - 1]!
  if ('#$€£¥￥+'.includes(before)) return false
  return !followsMark(text, at, '-./,')
}

/** How many groups from the first on are a telephone number, the most that are; 0 where none. */
function groupsOfPhone(
  text: string,
  start: number,
  { groups, hasPlus }: { readonly groups: readonly DigitGroup[]; readonly hasPlus: boolean },
): number {
  const ends: number[] = []
  for (let count = 1, digits = 0; count <= groups.length; count++) {
    digits += groups[count - 1]!.length
    if (digits > mostDigits) break
    ends.push(digits)
  }
  for (let count = ends.length; count > 0 && ends[count - 1]! >= fewestDigits; count--) {
    if (!endsHere(text, groups[count - 1]!.end)) continue
    const candidate: Candidate = { text, groups: groups.slice(0, count), digits: ends[count - 1]!, hasPlus }
    if (isPhone(candidate)) return count
    if (isTogether(candidate) && !isAfter(text, start, otherWords)) return count
    if (candidate.digits <= 15 && isAfter(text, start, phoneWords) && !isDate(candidate)) return count
  }
  return 0
}

/** A number that goes on with a fraction or a hyphen and more is not a telephone's. */
function endsHere(text: string, at: number): boolean {
  return endsFreely(text, at) && !goesOn(text, at, '-./,:')
}

/** True where the words stand right before; looked for only where a letter does. */
function isAfter(text: string, start: number, words: RegExp): boolean {
  let at = start - 1
  while (at >= 0 && start - at <= gapWithin && !isLetter(text.charCodeAt(at))) at--
  if (at < 0 || !isLetter(text.charCodeAt(at))) return false
  return words.test(text.slice(Math.max(0, start - wordsWithin), start))
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code >= 0xc0
}

/** Telephone numbers by their writing alone. */
function isPhone(candidate: Candidate): boolean {
  if (candidate.hasPlus) return isInternational(digitsOf(candidate.text, candidate.groups))
  return (isSeparatedNational(candidate) || isNorthAmerican(candidate)) && !isDate(candidate)
}

function isInternational(digits: string): boolean {
  if (digits.startsWith('1')) return digits.length === 11
  if (digits.startsWith('86')) return digits.length >= 11 && digits.length <= 14
  return /^[2-9]/.test(digits) && digits.length >= 8 && digits.length <= 15
}

function hasShape({ groups }: Candidate, ...lengths: readonly number[]): boolean {
  return groups.length === lengths.length && groups.every((group, index) => group.length === lengths[index])
}

/** Mobile numbers by the plans of China, the United Kingdom, Germany and Japan, their digits together or as 3-4-4. */
function isTogether(candidate: Candidate): boolean {
  if (candidate.hasPlus || candidate.groups.length > 3) return false
  const digits = (): string => digitsOf(candidate.text, candidate.groups)
  if (hasShape(candidate, 11) || hasShape(candidate, 3, 4, 4))
    return /^(?:1[3-9]\d{9}|07\d{9}|0[789]0\d{8}|01[567]\d{8})$/.test(digits())
  if (hasShape(candidate, 12)) return /^01[567]\d{9}$/.test(digits())
  return (hasShape(candidate, 15) || hasShape(candidate, 4, 11)) && /^00861[3-9]\d{9}$/.test(digits())
}

/** `(415) 555-2671`, `415-555-2671`, `1 415 555 2671`, `415.555.2671`. */
function isNorthAmerican(candidate: Candidate): boolean {
  const { text, groups } = candidate
  if (
    !hasShape(candidate, 3, 3, 4) &&
    !(hasShape(candidate, 1, 3, 3, 4) && digitsIn(text, groups[0]!) === '1')
  )
    return false
  const [area, exchange, line] = [groups.at(-3)!, groups.at(-2)!, groups.at(-1)!]
  if (!/^[2-9]/.test(digitsIn(text, area))) return false
  if (area.inParentheses || (exchange.separator === '-' && line.separator === '-')) return true
  return exchange.separator === line.separator && /^[2-9]/.test(digitsIn(text, exchange))
}

/** Numbers with a leading 0 or 00 in groups, Chinese service numbers, Chinese ones with an extension. */
function isSeparatedNational(candidate: Candidate): boolean {
  const { groups, digits } = candidate
  if (groups.length < 2) return false
  const first = digitsIn(candidate.text, groups[0]!)
  if (first === '400' || first === '800') return hasShape(candidate, 3, 4, 3) || hasShape(candidate, 3, 3, 4)
  if (!first.startsWith('0') || first.length < 2) return false
  const [, second, third] = groups
  const isChinese =
    (first.length === 3 || first.length === 4) && (second!.length === 7 || second!.length === 8)
  if (isChinese && (groups.length === 2 || (groups.length === 3 && third!.length <= 6)))
    return first[1] !== '0'
  if (groups.slice(1).some((group) => group.length < 2)) return false
  if (first.startsWith('00')) return first[2] !== '0' && digits >= 10 && digits <= mostDigits
  return digits >= 9 && digits <= (/^01[567]/.test(first) ? 12 : 11)
}

/** A day, a month and a year in some order at the beginning, or a month and a year, or two years. */
function isDate({ text, groups }: Candidate): boolean {
  const [first, second, third] = groups.slice(0, 3).map((group) => digitsIn(text, group))
  if (first === undefined || second === undefined) return false
  const isSmall = (digits: string, most: number): boolean => digits.length <= 2 && Number(digits) <= most
  const isYear = (digits: string | undefined): boolean =>
    digits !== undefined && /^(?:19|20)\d\d$/.test(digits)
  if (isYear(first)) return isSmall(second, 12) || isYear(second)
  if (isSmall(first, 12) && isYear(second)) return true
  return isSmall(first, 31) && isSmall(second, 31) && isYear(third)
}

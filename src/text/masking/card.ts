/** Payment card numbers: a network's prefix and length, and the check digit of Luhn (ISO/IEC 7812-1). */
import { beginsFreely, endsFreely, type Found, goesOn, isDigit } from './found.ts'

const mostDigits = 19

/** Prefixes and lengths of the networks: Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay. */
const networks = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12})$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^6(?:011|5\d\d|4[4-9]\d)\d{12}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^62\d{14,17}$/,
] as const

/** Every card number of a text, its digits together or in groups with single spaces or hyphens. */
export function findCard(text: string): readonly Found[] {
  const found: Found[] = []
  const heads = /(?<!\d)(?:2[2-7]|[3-6]\d)\d\d/g
  for (let head = heads.exec(text); head; head = heads.exec(text)) {
    const end = beginsFreely(text, head.index) ? cardEnd(text, head.index) : undefined
    if (end === undefined) continue
    found.push({ kind: 'CARD', start: head.index, end })
    heads.lastIndex = end
  }
  return found
}

function cardEnd(text: string, start: number): number | undefined {
  let digits = ''
  let separator = ''
  let end: number | undefined
  for (let i = start; i < text.length && digits.length <= mostDigits; i++) {
    if (isDigit(text.charCodeAt(i))) {
      digits += text[i]
      if (endsHere(text, i + 1) && isCard(digits)) end = i + 1
    } else {
      const joins = (text[i] === ' ' || text[i] === '-') && isDigit(text.charCodeAt(i + 1))
      if (!joins || (separator !== '' && separator !== text[i])) break
      separator = text[i]!
    }
  }
  return end
}

/** A number that goes on with letters, a fraction or a hyphen and more is not a card's. */
function endsHere(text: string, at: number): boolean {
  return endsFreely(text, at) && !goesOn(text, at, '.,-')
}

function isCard(digits: string): boolean {
  return digits.length >= 13 && networks.some((network) => network.test(digits)) && passesLuhn(digits)
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** International bank account numbers (ISO 13616): the country's length and the check by 97. */
import { beginsFreely, endsFreely, type Found, isAlphanumeric, isDigit } from './found.ts'

/** Country → characters of its IBANs, from the SWIFT registry (2025). */
const lengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
}

/** Every IBAN of a text, in one piece or in groups with single spaces. */
export function findIban(text: string): readonly Found[] {
  const found: Found[] = []
  const heads = /[A-Za-z]{2}[0-9]{2}/g
  for (let head = heads.exec(text); head; head = heads.exec(text)) {
    const end = beginsFreely(text, head.index) ? ibanEnd(text, head.index) : undefined
    if (end === undefined) heads.lastIndex = head.index + 1
    else {
      found.push({ kind: 'IBAN', start: head.index, end })
      heads.lastIndex = end
    }
  }
  return found
}

function ibanEnd(text: string, start: number): number | undefined {
  const length = lengths[text.slice(start, start + 2).toUpperCase()]
  if (length === undefined) return undefined
  let characters = ''
  let i = start
  for (; characters.length < length && i < text.length; i++) {
    if (isAlphanumeric(text.charCodeAt(i))) characters += text[i]
    else if (text[i] !== ' ' || text[i - 1] === ' ') return undefined
  }
  const ends = characters.length === length && endsFreely(text, i)
  return ends && passesCheck(characters.toUpperCase()) ? i : undefined
}

/** The number with its first four characters at the end, letters as 10 to 35, is 1 modulo 97. */
function passesCheck(iban: string): boolean {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const code = character.charCodeAt(0)
    rest = isDigit(code) ? (rest * 10 + code - 48) % 97 : (rest * 100 + code - 55) % 97
  }
  return rest === 1
}

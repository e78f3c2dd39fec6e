/** Signs and names of currencies, and their ISO 4217 codes. A yen sign is taken for JPY, a plain dollar for USD. */
import { type Place, wholeMatches } from './place.ts'

const codes =
  'USD EUR GBP JPY CNY CHF INR AUD CAD NZD SGD HKD SEK NOK DKK PLN CZK HUF RON BRL MXN ZAR TRY KRW RUB THB MYR IDR PHP VND AED SAR ILS EGP NGN KES TWD'.split(
    ' ',
  )
const names: ReadonlyMap<string, string> = new Map([
  ...codes.map((code): [string, string] => [code.toLowerCase(), code]),
  ['€', 'EUR'],
  ['euro', 'EUR'],
  ['euros', 'EUR'],
  ['$', 'USD'],
  ['us$', 'USD'],
  ['dollar', 'USD'],
  ['dollars', 'USD'],
  ['£', 'GBP'],
  ['pound', 'GBP'],
  ['pounds', 'GBP'],
  ['¥', 'JPY'],
  ['yen', 'JPY'],
  ['rmb', 'CNY'],
  ['元', 'CNY'],
  ['₹', 'INR'],
  ['rs', 'INR'],
  ['rupees', 'INR'],
  ['₩', 'KRW'],
  ['fr', 'CHF'],
  ['francs', 'CHF'],
  ['zł', 'PLN'],
  ['rm', 'MYR'],
])
const anyCurrency = new RegExp(
  [...names.keys()]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[$]/g, '\\$&'))
    .join('|'),
  'giu',
)

/** Where currencies stand in a text. */
export function currencyPlaces(text: string): readonly Place[] {
  return wholeMatches(text, anyCurrency)
}

/** The code of a currency's sign or name. */
export function currencyCode(text: string): string | undefined {
  return names.get(text.trim().toLowerCase())
}

/** True for the codes that are known. */
export function isCurrencyCode(value: string): boolean {
  return codes.includes(value)
}

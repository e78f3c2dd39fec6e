/** The strings and long whole numbers of a JSON text, found without building its values. */

/** A piece of a JSON text: a string with its quotes, or a whole number of many digits outside of strings. */
export interface JsonPiece {
  readonly kind: 'string' | 'number'
  readonly start: number
  readonly end: number
}

/** Shorter numbers are counts and times in seconds. */
const longNumber = /(?<![\w.+-])\d{11,19}(?![\w.])/g

/** The pieces of a valid JSON text, in order. */
export function* jsonPieces(json: string): Generator<JsonPiece> {
  let at = 0
  for (let quote = json.indexOf('"'); quote >= 0; quote = json.indexOf('"', at)) {
    yield* numbersIn(json, at, quote)
    const end = stringEnd(json, quote)
    yield { kind: 'string', start: quote, end }
    at = end
  }
  yield* numbersIn(json, at, json.length)
}

function* numbersIn(json: string, start: number, end: number): Generator<JsonPiece> {
  if (end - start < 11) return
  for (const match of json.slice(start, end).matchAll(longNumber))
    yield { kind: 'number', start: start + match.index, end: start + match.index + match[0].length }
}

/** The place after the closing quote. */
function stringEnd(json: string, quote: number): number {
  for (let close = json.indexOf('"', quote + 1); close >= 0; close = json.indexOf('"', close + 1)) {
    let backslashes = 0
    while (json[close - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return close + 1
  }
  return json.length
}

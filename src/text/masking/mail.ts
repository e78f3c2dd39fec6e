/** Mail addresses (the usual part of RFC 5322: no quoted local parts, a domain with a dot). */
import { type Found, isAlphanumeric } from './found.ts'

const longestLocal = 64
const longestDomain = 253

/** Every mail address of a text, left to right. */
export function findMail(text: string): readonly Found[] {
  const found: Found[] = []
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at)
    const end = domainEnd(text, at + 1)
    if (start < at && end !== undefined) found.push({ kind: 'EMAIL', start, end })
  }
  return found
}

function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < longestLocal && isLocal(text.charCodeAt(start - 1))) start--
  while (start < at && ".'".includes(text[start]!)) start++
  return start
}

/** Letters of alphabets, not of scripts without spaces: there the words before an address would be swallowed. */
function isLetterBeyondAscii(code: number): boolean {
  return code >= 0xc0 && code < 0x590
}

/** Of what RFC 5322 allows, what addresses have: not `/`, `=` or `?`, which stand before addresses in paths and queries. */
function isLocal(code: number): boolean {
  return isAlphanumeric(code) || "._%+-'".includes(String.fromCharCode(code)) || isLetterBeyondAscii(code)
}

/** End of the longest domain at `start` whose last label is one of letters. */
function domainEnd(text: string, start: number): number | undefined {
  let end: number | undefined
  let labelStart = start
  let lettersOnly = true
  for (let i = start; i - start <= longestDomain; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isLetterBeyondAscii(code)
    if (isLetter || isAlphanumeric(code)) {
      lettersOnly &&= isLetter
      continue
    }
    if (labelStart > start && i - labelStart >= 2 && lettersOnly) end = i
    if (code === 45) lettersOnly = false
    else if (code === 46 && i > labelStart) {
      labelStart = i + 1
      lettersOnly = true
    } else return end
  }
  return end
}

/** IPv4 and IPv6 addresses (RFC 4291), told from version numbers, times and names of code. */
import { beginsFreely, type Found, isAlphanumeric, isDigit } from './found.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(`${octet}(?:\\.${octet}){3}`, 'y')
/** What stands before the four numbers of a version: `version 1.2.3.4`, `Chrome/120.0.0.0`. */
const beforeVersion = /(?:version|ver\.?|release|build|版本号?)[\s:：=]{0,3}$|[a-z]\/$/i
const longestIpv6 = 45

/** Every IP address of a text. */
export function findAddress(text: string): readonly Found[] {
  const found: Found[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (!isHexOrColon(code)) continue
    if (i > 0 && isPartBefore(text, i)) continue
    const end = ipv6End(text, i) ?? (isDigit(code) ? ipv4End(text, i) : undefined)
    if (end === undefined) continue
    found.push({ kind: 'IP', start: i, end })
    i = end - 1
  }
  return found
}

function isHexOrColon(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70) || code === 58
}

function isPartBefore(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  if (before === 58) return text.charCodeAt(at) === 58 || isHexOrColon(text.charCodeAt(at - 2))
  return !beginsFreely(text, at) || (before === 46 && isDigit(text.charCodeAt(at - 2)))
}

function ipv4End(text: string, start: number): number | undefined {
  ipv4.lastIndex = start
  if (!ipv4.test(text)) return undefined
  const end = ipv4.lastIndex
  const after = text.charCodeAt(end)
  if (isAlphanumeric(after) || (after === 46 && isDigit(text.charCodeAt(end + 1)))) return undefined
  return beforeVersion.test(text.slice(Math.max(0, start - 12), start)) ? undefined : end
}

function ipv6End(text: string, start: number): number | undefined {
  let end = start
  let colons = 0
  while (end < text.length && end - start <= longestIpv6) {
    const code = text.charCodeAt(end)
    if (!isHexOrColon(code) && !(code === 46 && colons >= 2)) break
    if (code === 58) colons++
    end++
  }
  if (colons < 2) return undefined
  while (end > start && (text[end - 1] === '.' || (text[end - 1] === ':' && text[end - 2] !== ':'))) end--
  if (isAlphanumeric(text.charCodeAt(end))) return undefined
  return isIpv6(text.slice(start, end)) ? end : undefined
}

function isIpv6(address: string): boolean {
  if (!/\d/.test(address)) return false
  const halves = address.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const isMapped = last.includes('.') && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(last)
  const hex = isMapped ? groups.slice(0, -1) : groups
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false
  const count = hex.length + (isMapped ? 2 : 0)
  return halves.length === 1 ? count === 8 : count <= 7 && count >= 1
}

/** IPv4 and IPv6 addresses (RFC 4291), told from version numbers, times and names of code. */
import { beginsFreely, endsFreely, type Found, goesOn, isDigit } from './found.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(`(?<![\\d.\\]])${octet}(?:\\.${octet}){3}`, 'g')
/** What stands before the four numbers of a version: `version 1.2.3.4`, `Chrome/120.0.0.0`. */
const beforeVersion = /(?:version|ver\.?|release|build|版本号?)[\s:：=]{0,3}$|[a-z\]]\/$/i
/** All eight groups; addresses with a gap are looked for at their `::`. */
const wholeIpv6 = /(?<![\w:\]])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:[])/gi
/** What every one of those has, quicker to look for since it begins with a mark. */
const fourGroups = /:[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:/i
const longestIpv6 = 45

/** Every IP address of a text. */
export function findAddress(text: string): readonly Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(ipv4))
    if (isAddress(text, match.index, match.index + match[0].length))
      found.push({ kind: 'IP', start: match.index, end: match.index + match[0].length })
  for (let gap = text.indexOf('::'); gap >= 0; ) {
    const address = ipv6Around(text, gap)
    if (address) found.push(address)
    gap = text.indexOf('::', address?.end ?? gap + 2)
  }
  for (const match of fourGroups.test(text) ? text.matchAll(wholeIpv6) : [])
    if (beginsFreely(text, match.index) && endsFreely(text, match.index + match[0].length))
      found.push({ kind: 'IP', start: match.index, end: match.index + match[0].length })
  return found
}

function isAddress(text: string, start: number, end: number): boolean {
  if (!beginsFreely(text, start) || !endsFreely(text, end)) return false
  if (goesOn(text, end, '.')) return false
  return !beforeVersion.test(text.slice(Math.max(0, start - 12), start))
}

function isHexOrColon(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70) || code === 58
}

/** The address that has its gap of zeros at `gap`. */
function ipv6Around(text: string, gap: number): Found | undefined {
  let start = gap
  while (start > 0 && gap - start < longestIpv6 && isHexOrColon(text.charCodeAt(start - 1))) start--
  let end = gap + 2
  while (end - gap < longestIpv6 && (isHexOrColon(text.charCodeAt(end)) || text[end] === '.')) end++
  while (text[end - 1] === '.' || (text[end - 1] === ':' && text[end - 2] !== ':')) end--
  if (!beginsFreely(text, start) || !endsFreely(text, end) || goesOn(text, end, '.:')) return undefined
  return isIpv6(text.slice(start, end)) ? { kind: 'IP', start, end } : undefined
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

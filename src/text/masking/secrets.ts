/** Keys and secrets: known prefixes, tokens of the web, private keys, and what is assigned to a telling name. */
import type { Found } from './found.ts'

/** Prefix and alphabet of the keys of well-known services; each begins where no such character stands before. */
const keys =
  /(?<![A-Za-z0-9_\]-])(?:(?:sk|pk|rk)[-_](?:live_|test_|proj-|ant-)?[A-Za-z0-9_-]{16,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|(?:gsk|whsec|shpat|shpss|r8|dckr_pat|dop_v1|lin_api)_[A-Za-z0-9_-]{20,}|(?:xai|nvapi|tvly|pplx)-[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|ya29\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)/g

const bearer = /(?<![A-Za-z0-9\]])(?:bearer|basic)\s{1,4}([A-Za-z0-9._~+/-]{16,}={0,2})/gi

const assigned =
  /(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|passphrase|pwd|密码|口令|密钥)(?:\\?["'])?\s{0,3}[:=：]\s{0,3}(?:\\?["'])?([^\s"',;\\[\]{}<>]{8,200})/gi

const privateKey = /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g
const privateKeyEnd = /-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g

/** Keys and tokens that are known by their form. */
export function findKeys(text: string): readonly Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(keys))
    if (looksRandom(match[0])) found.push(secret(match.index, match[0].length))
  for (const match of text.matchAll(bearer))
    if (looksRandom(match[1]!))
      found.push(secret(match.index + match[0].length - match[1]!.length, match[1]!.length))
  return [...found, ...findPrivateKeys(text)]
}

/** What is assigned to a name such as `password` or `api_key`. */
export function findAssigned(text: string): readonly Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(assigned)) {
    const value = match[1]!
    if (/\d/.test(value)) found.push(secret(match.index + match[0].length - value.length, value.length))
  }
  return found
}

/** PEM blocks of private keys; one that is cut off reaches to the end of the text. */
function findPrivateKeys(text: string): readonly Found[] {
  const found: Found[] = []
  privateKey.lastIndex = 0
  for (let begin = privateKey.exec(text); begin; begin = privateKey.exec(text)) {
    privateKeyEnd.lastIndex = privateKey.lastIndex
    const end = privateKeyEnd.test(text) ? privateKeyEnd.lastIndex : text.length
    found.push({ kind: 'SECRET', start: begin.index, end })
    privateKey.lastIndex = end
  }
  privateKey.lastIndex = 0
  return found
}

/** Words joined by hyphens have neither digits nor such length with mixed case. */
function looksRandom(token: string): boolean {
  return /\d/.test(token) || (token.length >= 32 && /[a-z]/.test(token) && /[A-Z]/.test(token))
}

function secret(start: number, length: number): Found {
  return { kind: 'SECRET', start, end: start + length }
}

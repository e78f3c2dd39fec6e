/** Where a model comes from, as it is written on the command line and kept in its manifest. */
import { appError } from '../../base/errors.ts'

export type Source =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'https'; readonly url: URL }
  | { readonly kind: 'hf'; readonly repository: string; readonly revision: string }
  | { readonly kind: 'npm'; readonly name: string; readonly version?: string }
  | { readonly kind: 'pypi'; readonly name: string; readonly version?: string }
  | { readonly kind: 'maven'; readonly group: string; readonly artifact: string; readonly version: string }

export type SourceKind = Source['kind']
export type SourceOf<Kind extends SourceKind> = Extract<Source, { readonly kind: Kind }>

const version = '[0-9A-Za-z][0-9A-Za-z._+!-]{0,99}'
const patterns = {
  hf: /^([0-9A-Za-z][\w.-]{0,95}\/[0-9A-Za-z][\w.-]{0,95})(?:@([0-9A-Za-z][\w./-]{0,199}))?$/,
  npm: new RegExp(`^((?:@[a-z0-9~-][a-z0-9._~-]{0,99}/)?[a-z0-9~][a-z0-9._~-]{0,199})(?:@(${version}))?$`),
  pypi: new RegExp(`^([0-9A-Za-z][0-9A-Za-z._-]{0,199})(?:==(${version}))?$`),
  maven: new RegExp(`^([0-9A-Za-z_][\\w.-]{0,199}):([0-9A-Za-z_][\\w.-]{0,199}):(${version})$`),
} as const

const forms = {
  hf: 'hf:OWNER/NAME or hf:OWNER/NAME@REVISION',
  npm: 'npm:PACKAGE or npm:PACKAGE@VERSION',
  pypi: 'pypi:PACKAGE or pypi:PACKAGE==VERSION',
  maven: 'maven:GROUP:ARTIFACT:VERSION',
} as const

/** Reads a source; throws `source.invalid`. What has no prefix is a path. */
export function parseSource(text: string): Source {
  const prefix = /^([a-z]+):/.exec(text)?.[1]
  if (prefix === 'https' || prefix === 'http') return { kind: 'https', url: webAddress(text) }
  if (prefix === 'hf' || prefix === 'npm' || prefix === 'pypi' || prefix === 'maven')
    return named(prefix, text)
  if (text.trim() === '') throw invalid(text, 'it is empty')
  return { kind: 'path', path: text }
}

function named(prefix: keyof typeof patterns, text: string): Source {
  const match = patterns[prefix].exec(text.slice(prefix.length + 1))
  if (!match || match[0].includes('..')) throw invalid(text, `expected ${forms[prefix]}`)
  const [, first = '', second, third = ''] = match
  switch (prefix) {
    case 'hf':
      return { kind: 'hf', repository: first, revision: second ?? 'main' }
    case 'npm':
    case 'pypi':
      return { kind: prefix, name: first, ...(second !== undefined && { version: second }) }
    case 'maven':
      return { kind: 'maven', group: first, artifact: second ?? '', version: third }
  }
}

function webAddress(text: string): URL {
  if (!URL.canParse(text)) throw invalid(text.slice(0, 20), 'it is no address')
  const url = new URL(text)
  if (url.protocol === 'https:' || isLoopback(url)) return url
  throw invalid(shownUrl(url), 'what comes over http can be changed on the way; expected https')
}

/** True for this machine's own addresses, where http is as safe as https. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}

/** A source as it may be shown and kept: without user names, passwords and the signatures that queries hold. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'path':
      return source.path
    case 'https':
      return shownUrl(source.url)
    case 'hf':
      return `hf:${source.repository}@${source.revision}`
    case 'npm':
      return source.version ? `npm:${source.name}@${source.version}` : `npm:${source.name}`
    case 'pypi':
      return source.version ? `pypi:${source.name}==${source.version}` : `pypi:${source.name}`
    case 'maven':
      return `maven:${source.group}:${source.artifact}:${source.version}`
  }
}

/** An address without what may be secret in it. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function invalid(source: string, problem: string): Error {
  return appError('source.invalid', { source: source.slice(0, 200), problem })
}

/** Which header fields go through the gateway: all but those of one hop, Shoal's own, and the ones that the next hop writes. */

/** RFC 9110, section 7.6.1, and `expect`, which the gateway has answered itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** What a client may send as its key to say that it has none: the configured one is used then. */
const placeholderKey = /^(bearer\b\s*)?(shoal)?\s*$/i
/** A key of this gateway, which is nobody else's business. */
const ownKey = /^(bearer\s+)?shoal_/i
/** Fields that hold a client's key: OpenAI's, Anthropic's, Azure's. */
const keyFields = new Set(['authorization', 'x-api-key', 'api-key'])
/** Fields that name the account of a client's key, and mean nothing beside another key. */
const accountFields = new Set(['openai-organization', 'openai-project'])

/** How the fields of a request change on their way to an upstream. */
export interface UpstreamFieldsOptions {
  /** Whose header the configured key goes into. */
  readonly shape: 'openai' | 'anthropic'
  /** Used where the client brings no key, or its own is dropped. */
  readonly apiKey?: string
  readonly clientKey: 'kept' | 'dropped'
  readonly keepLength: boolean
  readonly keepEncodings: boolean
}

/** The fields of a request for the upstream: names and values in turn. */
export function upstreamFields(raw: readonly string[], options: UpstreamFieldsOptions): string[] {
  const named = namedByConnection(raw)
  const fields: string[] = []
  let hasKey = false
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const value = raw[at + 1]!
    if (hopByHop.has(name) || named.has(name) || name === 'host' || name.startsWith('x-shoal-')) continue
    if (name === 'content-length' && !options.keepLength) continue
    if (name === 'accept-encoding' && !options.keepEncodings) continue
    if (options.clientKey === 'dropped' && (keyFields.has(name) || accountFields.has(name))) continue
    if (keyFields.has(name)) {
      if (ownKey.test(value)) continue
      if (options.apiKey !== undefined && placeholderKey.test(value)) continue
      hasKey = true
    }
    fields.push(raw[at]!, value)
  }
  if (!hasKey && options.apiKey !== undefined) fields.push(...keyField(options.shape, options.apiKey))
  return fields
}

function keyField(shape: UpstreamFieldsOptions['shape'], key: string): readonly [string, string] {
  return shape === 'anthropic' ? ['x-api-key', key] : ['authorization', `Bearer ${key}`]
}

/** The fields of an upstream's answer for the client: names and values in turn. */
export function clientFields(raw: readonly string[], options: { readonly keepLength: boolean }): string[] {
  const named = namedByConnection(raw)
  const fields: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (hopByHop.has(name) || named.has(name) || name.startsWith('x-shoal-')) continue
    if (name === 'content-length' && !options.keepLength) continue
    fields.push(raw[at]!, raw[at + 1]!)
  }
  return fields
}

/**
 * The value of a field, the first where there are several; `name` in lower case.
 * Reading node's parsed headers instead would build an object of all of them for every call.
 */
export function fieldOf(raw: readonly string[], name: string): string | undefined {
  for (let at = 0; at < raw.length; at += 2) {
    const given = raw[at]!
    if (given.length === name.length && (given === name || given.toLowerCase() === name)) return raw[at + 1]
  }
  return undefined
}

function namedByConnection(raw: readonly string[]): ReadonlySet<string> {
  const value = fieldOf(raw, 'connection')
  if (value === undefined) return none
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}

const none: ReadonlySet<string> = new Set()

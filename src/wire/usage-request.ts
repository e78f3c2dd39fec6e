/** Asks a streamed chat call for its usage, in the bytes of its body: all else stays as the client wrote it. */

const asking = Buffer.from('"stream_options":{"include_usage":true},')
const member = Buffer.from('"stream_options"')
const braceOpen = 0x7b

/**
 * The body with `stream_options: {include_usage: true}`; `undefined` where that cannot be done without touching what
 * the client wrote: an option of its own stands there already, or the body is no object with a member.
 * The body must be the JSON of a chat request that does not ask for its usage.
 */
export function askingForUsage(body: Uint8Array): Buffer | undefined {
  // In JSON a quote inside a text has a backslash before it, so this finds keys, and texts that are equal to it.
  if (Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(member)) return askingWithin(body)
  const start = body.indexOf(braceOpen)
  if (start < 0) return undefined
  return Buffer.concat([body.subarray(0, start + 1), asking, body.subarray(start + 1)])
}

/** Where the client has options, or none (`null`), ours is written into them; an `include_usage` of its own is turned on. */
function askingWithin(body: Uint8Array): Buffer | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  const options =
    /"stream_options"(\s*:\s*)(null|\{[^{}"]*\}|\{\s*(?:"[a-z_]+"\s*:\s*(?:true|false|null)\s*,?\s*)*\})/g
  const found = [...text.matchAll(options)]
  // Another place could be inside a tool's schema, or the same key twice.
  if (found.length !== 1 || text.split('"stream_options"').length !== 2) return undefined
  const [whole, colon, value] = found[0]!
  const edited = text.replace(whole, () => `"stream_options"${colon}${asked(value!)}`)
  return isAsked(edited) ? Buffer.from(edited) : undefined
}

function asked(value: string): string {
  if (value === 'null') return '{"include_usage":true}'
  if (/"include_usage"/.test(value)) return value.replace(/("include_usage"\s*:\s*)(?:false|null)/, '$1true')
  return value.replace(/^\{\s*(\})?/, (opening, empty) =>
    empty === undefined ? `${opening}"include_usage":true,` : '{"include_usage":true}',
  )
}

/** Whether the edit stands where it must: the key that was found may be a member of something else. */
function isAsked(text: string): boolean {
  try {
    const value: { readonly stream_options?: { readonly include_usage?: unknown } | null } = JSON.parse(text)
    return value.stream_options?.include_usage === true
  } catch {
    return false
  }
}

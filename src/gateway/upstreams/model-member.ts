/** The `model` of a JSON body, found and replaced in its bytes: everything else stays as the client wrote it. */

/** Where the value of the member stands: `start` at its opening quote, `end` after its closing one. */
export interface ModelMember {
  readonly model: string
  readonly start: number
  readonly end: number
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const braceOpen = 0x7b
const braceClose = 0x7d
const bracketOpen = 0x5b
const bracketClose = 0x5d

/** The member `model` of the outermost object; `undefined` where there is none or it is no string. The last one counts, as in JSON.parse. */
export function modelMember(body: Uint8Array): ModelMember | undefined {
  const begin = skipSpace(body, 0)
  if (body[begin] !== braceOpen) return undefined
  let depth = 0
  let found: ModelMember | undefined
  for (let at = begin; at < body.length; at++) {
    const byte = body[at]!
    if (byte === braceOpen || byte === bracketOpen) depth++
    else if (byte === braceClose || byte === bracketClose) depth--
    if (byte !== quote) continue
    const end = stringEnd(body, at)
    if (end === undefined) return undefined
    const isKey = depth === 1 && end - at === 7 && isModelKey(body, at)
    at = end - 1
    if (!isKey) continue
    const colonAt = skipSpace(body, end)
    if (body[colonAt] !== colon) continue
    const start = skipSpace(body, colonAt + 1)
    if (body[start] !== quote) continue
    const valueEnd = stringEnd(body, start)
    if (valueEnd === undefined) return undefined
    const model = textOf(body, start, valueEnd)
    if (model !== undefined) found = { model, start, end: valueEnd }
    at = valueEnd - 1
  }
  return found
}

/** The body with another model in its place. */
export function withModel(body: Uint8Array, member: ModelMember, model: string): Uint8Array {
  if (model === member.model) return body
  const value = Buffer.from(JSON.stringify(model))
  return Buffer.concat([body.subarray(0, member.start), value, body.subarray(member.end)])
}

const keyText = Buffer.from('"model"')

function isModelKey(body: Uint8Array, at: number): boolean {
  return keyText.equals(body.subarray(at, at + keyText.length))
}

/** After the closing quote of the string that opens here. */
function stringEnd(body: Uint8Array, start: number): number | undefined {
  let at = body.indexOf(quote, start + 1)
  while (at >= 0) {
    let slashes = 0
    while (body[at - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return at + 1
    at = body.indexOf(quote, at + 1)
  }
  return undefined
}

function skipSpace(body: Uint8Array, from: number): number {
  let at = from
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at++
  return at
}

function textOf(body: Uint8Array, start: number, end: number): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.subarray(start, end)).toString('utf8'))
    return typeof value === 'string' ? value : undefined
  } catch {
    // A string with a broken escape is no JSON; the upstream will say so.
    return undefined
  }
}

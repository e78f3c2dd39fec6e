/** An answer in one piece: read up to a limit, and judged before a client sees a byte of it. */
import { isUtf8 } from 'node:buffer'
import { isJsonObject, type Json, tryParseJson } from '../../base/json.ts'
import { fieldOf } from '../header-fields.ts'
import { decodedText } from '../kept-body.ts'
import type { WholeBody } from '../upstream.ts'
import type { RawAnswer } from './http-upstream.ts'
import type { Expected } from './request-facts.ts'
import type { BegunStream } from './streamed-answer.ts'

export type ReadWhole =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly begun: BegunStream }

/** All of a body; or what was read of one that is larger, to be read on from where it stopped. */
export async function readWhole({ body, headers }: RawAnswer, limitBytes: number): Promise<ReadWhole> {
  const said = Number(fieldOf(headers, 'content-length') ?? Number.NaN)
  if (said <= limitBytes) return { kind: 'whole', bytes: Buffer.from(await body.arrayBuffer()) }
  const iterator: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
  const held: Buffer[] = []
  let size = 0
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    size += next.value.length
    held.push(next.value)
    if (size > limitBytes) return { kind: 'too-large', begun: { held, iterator } }
  }
  return { kind: 'whole', bytes: held.length === 1 ? held[0]! : Buffer.concat(held) }
}

/** The body with its text and its JSON, as far as it has them. */
export async function wholeBody(bytes: Buffer, headers: RawAnswer['headers']): Promise<WholeBody> {
  const encoding = fieldOf(headers, 'content-encoding')?.trim().toLowerCase()
  const isPlain = encoding === undefined || encoding === 'identity'
  const text = isPlain
    ? isUtf8(bytes)
      ? bytes.toString('utf8')
      : undefined
    : await decodedText(bytes, encoding)
  const value = text === undefined ? undefined : tryParseJson(text)
  return { bytes, ...(text !== undefined && { text }), ...(value !== undefined && { value }) }
}

export type WholeVerdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'not-as-expected'; readonly problem: string }
  /** An error object in a body whose status says that all went well: the status that it should have had. */
  | { readonly kind: 'error-inside'; readonly status: number }

/** Whether the body of an answer with a good status is what was asked for. */
export function judgeWhole({ text, value }: WholeBody, expects: Expected): WholeVerdict {
  if (expects === 'bytes') return { kind: 'good' }
  if (text === undefined) return { kind: 'not-as-expected', problem: 'it is no text that can be read' }
  if (value === undefined) return { kind: 'not-as-expected', problem: 'it is not JSON' }
  const status = statusOfErrorIn(value)
  if (status !== undefined) return { kind: 'error-inside', status }
  const problem = shapeProblem(value, expects)
  return problem === undefined ? { kind: 'good' } : { kind: 'not-as-expected', problem }
}

function shapeProblem(value: Json, expects: Exclude<Expected, 'bytes'>): string | undefined {
  switch (expects) {
    case 'chat':
      return isJsonObject(value) && Array.isArray(value['choices'])
        ? undefined
        : 'it is JSON, but no chat completion'
    case 'message':
      return isJsonObject(value) && Array.isArray(value['content'])
        ? undefined
        : 'it is JSON, but no message with its content'
    case 'json':
      return undefined
  }
}

/** The HTTP status that an error object stands for; `undefined` where the value is no error. */
export function statusOfErrorIn(value: Json): number | undefined {
  if (!isJsonObject(value)) return undefined
  const { error, type } = value
  const isBare = value['id'] === undefined && value['choices'] === undefined
  if (isJsonObject(error) && (isBare || type === 'error')) return statusOfError(error)
  if (typeof error === 'string' && isBare) return 502
  return type === 'error' ? statusOfError(value) : undefined
}

/** OpenRouter writes the status into `code`, Anthropic a word into `type`, OpenAI into `type` or `code`. */
function statusOfError(error: { readonly [name: string]: Json }): number {
  for (const said of [error['code'], error['status']]) {
    const status = Number(said)
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status
  }
  const words = `${String(error['type'] ?? '')} ${String(error['code'] ?? '')}`
  if (/rate_limit|insufficient_quota/.test(words)) return 429
  if (/overloaded/.test(words)) return 529
  if (/invalid_request|not_found|context_length/.test(words)) return 400
  return 502
}

/** Reads a passing answer of an API that Shoal knows but does not serve itself: its text, its model, its usage, plain or streamed. */
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { ModelName } from '../base/ids.ts'
import { isJsonObject, type JsonObject, tryParseJson } from '../base/json.ts'
import { usageInAnswer } from '../meter/usage.ts'
import type { AnswerAssembler } from '../wire/answer-assembler.ts'
import { anthropicAssembler } from '../wire/anthropic-assembler.ts'
import type { Usage, WireKind } from '../wire/call.ts'
import { chatAssembler } from '../wire/chat-stream.ts'
import { responsesAssembler } from '../wire/responses-stream.ts'
import { sseReader } from '../wire/sse.ts'
import { fieldOf } from './header-fields.ts'
import { keptBody } from './kept-body.ts'

export interface AnswerReading {
  /** Takes the bytes as they pass. */
  push(chunk: Uint8Array): void
  /** What was read, once they have ended or broken off. */
  end(): Promise<ReadAnswer>
}

export interface ReadAnswer {
  /** The answer as it is kept; a streamed one put together again. */
  readonly text?: string
  readonly usage?: Usage
  readonly model?: ModelName
}

export interface ReadingLimits {
  /** Longer texts are not kept. */
  readonly keptLimitBytes: number
  /** Longer answers are not read. */
  readonly readLimitBytes: number
}

const pathWires: ReadonlyMap<string, WireKind> = new Map([
  ['POST /v1/responses', 'openai-responses'],
  ['POST /v1/messages', 'anthropic-messages'],
])

/** The API of a request that is forwarded untouched, by its method and its path without query. */
export function wireOf(method: string, path: string): WireKind {
  return pathWires.get(`${method} ${path}`) ?? 'opaque'
}

const assemblers: { readonly [Wire in Exclude<WireKind, 'opaque'>]: () => AnswerAssembler } = {
  'openai-chat': chatAssembler,
  'openai-responses': responsesAssembler,
  'anthropic-messages': anthropicAssembler,
}

/** Begins to read the answer that these header fields (names and values in turn) announce. */
export function answerReading(
  wire: WireKind,
  headers: readonly string[],
  limits: ReadingLimits,
): AnswerReading {
  const isStream = /^text\/event-stream/i.test(fieldOf(headers, 'content-type') ?? '')
  if (wire === 'opaque') {
    const copy = keptBody(headers, { limitBytes: limits.keptLimitBytes })
    return { push: copy.push, end: async () => textOnly(await copy.text()) }
  }
  if (isStream) return streamReading(wire, headers, limits)
  const copy = keptBody(headers, { limitBytes: limits.readLimitBytes })
  return { push: copy.push, end: async () => readAnswer(wire, await copy.text(), limits) }
}

function textOnly(text: string | undefined): ReadAnswer {
  return text === undefined ? {} : { text }
}

function readAnswer(wire: WireKind, text: string | undefined, limits: ReadingLimits): ReadAnswer {
  const value = text === undefined ? undefined : tryParseJson(text)
  if (text === undefined || value === undefined) return textOnly(text)
  const usage = usageInAnswer(wire, value)
  const model = isJsonObject(value) ? modelIn(value) : undefined
  return {
    ...(text.length <= limits.keptLimitBytes && { text }),
    ...(usage && { usage }),
    ...(model !== undefined && { model }),
  }
}

/** The model that a request or an answer names. */
export function modelIn(value: JsonObject): ModelName | undefined {
  return typeof value['model'] === 'string' ? (value['model'] as ModelName) : undefined
}

function streamReading(
  wire: Exclude<WireKind, 'opaque'>,
  headers: readonly string[],
  limits: ReadingLimits,
): AnswerReading {
  const assembler = assemblers[wire]()
  // The last event of the Responses API holds the whole answer.
  const reader = sseReader({ onData: assembler.push, maxEventChars: limits.readLimitBytes })
  const decoder = decoding(headers, reader.push)
  return {
    push: decoder.push,
    end: async () => {
      await decoder.end()
      return readAnswer(wire, assembler.text(), limits)
    },
  }
}

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
}

/** Decompresses what passes, beside its way to the client; what cannot be decompressed is not read. */
function decoding(
  headers: readonly string[],
  onBytes: (bytes: Uint8Array) => void,
): { readonly push: (chunk: Uint8Array) => void; readonly end: () => Promise<void> } {
  const encoding = fieldOf(headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity') return { push: onBytes, end: async () => undefined }
  if (!Object.hasOwn(decoders, encoding)) return { push: () => undefined, end: async () => undefined }
  const decoder = decoders[encoding as keyof typeof decoders]()
  const ended = new Promise<void>((resolve) => {
    // Half a body, after an upstream broke off, is an error here: what came before it has been read.
    decoder
      .on('data', onBytes)
      .once('end', resolve)
      .once('error', () => resolve())
  })
  return {
    push: (chunk) => decoder.write(chunk),
    end: () => {
      decoder.end()
      return ended
    },
  }
}

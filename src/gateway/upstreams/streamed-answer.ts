/** An answer in pieces: held back until it has said something, then watched until its end. */
import type { Readable } from 'node:stream'
import { appError } from '../../base/errors.ts'
import { isJsonObject, type Json, tryParseJson } from '../../base/json.ts'
import { sseReader } from '../../wire/sse.ts'
import { statusOfErrorIn } from './whole-answer.ts'

/** How a stream begins: with something to pass on, or with a failure that nobody has seen yet. */
export type Beginning =
  | { readonly kind: 'good'; readonly begun: BegunStream }
  | { readonly kind: 'error-event'; readonly status: number }
  | { readonly kind: 'empty' }

/** What was read of a stream, and what is still to come. */
export interface BegunStream {
  readonly held: readonly Uint8Array[]
  readonly iterator: AsyncIterator<Uint8Array>
  /** A piece that was asked for while the beginning was held. */
  readonly pending?: Promise<IteratorResult<Uint8Array>>
}

export interface BeginOptions {
  /**
   * True: another upstream could still take over, so that events which only announce an answer are held back too.
   * Some providers report a refusal only after them.
   */
  readonly canGoElsewhere: boolean
  readonly maxEventChars: number
}

/** How long the announcement of an answer is held back for the answer itself. */
const patienceMs = 500

/** Reads until the first event that says something; throws what the body throws. */
export async function beginStream(body: Readable, options: BeginOptions): Promise<Beginning> {
  const iterator: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  const seen: { status?: number; saysSomething: boolean; events: number } = {
    saysSomething: false,
    events: 0,
  }
  const reader = sseReader({
    maxEventChars: options.maxEventChars,
    onDropped: () => {
      seen.saysSomething = true
    },
    onData: (data) => {
      seen.events++
      if (seen.saysSomething || seen.status !== undefined) return
      const value = tryParseJson(data)
      const status = value === undefined ? undefined : statusOfErrorIn(value)
      if (status !== undefined) seen.status = status
      else seen.saysSomething = !options.canGoElsewhere || value === undefined || !isAnnouncement(value)
    },
  })
  const patience = startPatience()
  try {
    for (;;) {
      const pending = iterator.next()
      // It may fail when nobody waits for it any more.
      pending.catch(() => {})
      const next = await Promise.race([pending, patience.isOver])
      const mayPass = held.length > 0 && (seen.events > 0 || !options.canGoElsewhere)
      if (next === 'over') {
        if (mayPass) return { kind: 'good', begun: { held, iterator, pending } }
        const late = await pending
        if (late.done) return { kind: 'empty' }
        take(late.value)
      } else if (next.done) return { kind: 'empty' }
      else take(next.value)
      if (seen.status !== undefined) return { kind: 'error-event', status: seen.status }
      if (seen.saysSomething) return { kind: 'good', begun: { held, iterator } }
    }
  } finally {
    patience.end()
  }

  function take(chunk: Uint8Array): void {
    held.push(chunk)
    reader.push(chunk)
  }
}

function startPatience(): { readonly isOver: Promise<'over'>; end(): void } {
  let timer: NodeJS.Timeout | undefined
  const isOver = new Promise<'over'>((resolve) => {
    timer = setTimeout(() => resolve('over'), patienceMs)
  })
  return { isOver, end: () => clearTimeout(timer) }
}

const announcing = /^(message_start|ping|content_block_start|response\.(created|queued|in_progress))$/

/** True for an event that promises an answer and holds nothing of it. */
function isAnnouncement(value: Json): boolean {
  if (!isJsonObject(value)) return false
  if (typeof value['type'] === 'string') return announcing.test(value['type'])
  const { choices } = value
  return Array.isArray(choices) && choices.every(isEmptyChoice)
}

function isEmptyChoice(choice: Json): boolean {
  if (!isJsonObject(choice) || typeof choice['finish_reason'] === 'string') return false
  const { delta } = choice
  if (!isJsonObject(delta)) return false
  return Object.entries(delta).every(([name, value]) => name === 'role' || value === null || value === '')
}

export interface PassOptions {
  readonly upstream: string
  readonly silenceTimeoutMs: number
  readonly limitBytes: number
  /** True: the body is a stream of events that must say when it is complete, and not fall silent between them. */
  readonly isEvents: boolean
  readonly nowMs: () => number
}

/** The end of a chat completion, an Anthropic message or a response; text inside JSON cannot hold these bytes. */
const ending =
  /\ndata: ?\[DONE\]|"finish_reason" ?: ?"|\nevent: ?(message_stop|error|response\.(completed|incomplete|failed))|"type" ?: ?"(message_stop|error|response\.(completed|incomplete|failed))"|"error" ?: ?\{/
const longestMark = 48

/**
 * The pieces as they come. Throws `upstream.timeout` where no event is completed for too long, `upstream.malformed` where
 * it has no end, and `upstream.broken-off` where it ends without saying so: else half an answer would look like a whole one.
 */
export async function* passStream(begun: BegunStream, options: PassOptions): AsyncGenerator<Uint8Array> {
  const { upstream, silenceTimeoutMs, limitBytes, isEvents, nowMs } = options
  let size = 0
  let tail = '\n'
  let hasEnded = false
  let lastEventMs = nowMs()
  const look = (chunk: Uint8Array): void => {
    if (!isEvents) return
    size += chunk.length
    const text = tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    if (/\r?\n\r?\n/.test(text.slice(Math.max(0, tail.length - 3)))) lastEventMs = nowMs()
    hasEnded ||= ending.test(text)
    tail = text.slice(-longestMark)
    if (size > limitBytes) {
      const problem = `its stream is longer than ${limitBytes} bytes`
      throw appError('upstream.malformed', { upstream, status: 200, problem })
    }
    if (nowMs() - lastEventMs > silenceTimeoutMs)
      throw appError('upstream.timeout', {
        upstream,
        step: 'complete an event of its stream',
        seconds: silenceTimeoutMs / 1000,
      })
  }
  try {
    for (const chunk of begun.held) {
      look(chunk)
      yield chunk
    }
    let next = begun.pending ? await begun.pending : await begun.iterator.next()
    while (!next.done) {
      look(next.value)
      yield next.value
      next = await begun.iterator.next()
    }
    if (isEvents && !hasEnded)
      throw appError('upstream.broken-off', { upstream, problem: 'its stream has no last event' })
  } finally {
    await begun.iterator.return?.()
  }
}

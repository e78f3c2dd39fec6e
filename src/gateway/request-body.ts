/** Reads a request's body: whole up to a limit, or as far as it may have to be sent again. */
import type { IncomingMessage } from 'node:http'
import { fieldOf } from './header-fields.ts'

/** What came: the body, `too-large`, or `left` where the client went away before its end. */
export type ReadBody = Buffer | 'too-large' | 'left'

/** Bytes of a refused body that are still read, so that the client sees the answer instead of a reset connection. */
const drainedBytes = 512 * 2 ** 20

/** Calls back once with the body; synchronous callbacks, since this is on the path of every call. */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  onBody: (body: ReadBody) => void,
): void {
  let chunks: Buffer[] = []
  let size = 0
  let isOver = false
  const finish = (body: ReadBody): void => {
    if (isOver) return
    isOver = true
    chunks = []
    onBody(body)
  }
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > drainedBytes) request.socket.destroy()
    else if (isOver) return
    else if (size > limitBytes) finish('too-large')
    else chunks.push(chunk)
  })
  request.on('end', () => finish(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  request.on('close', () => finish('left'))
  if (Number(fieldOf(request.rawHeaders, 'content-length') ?? 0) > limitBytes) finish('too-large')
}

export interface SendableBodyOptions {
  /** JSON that is larger is sent piece by piece. */
  readonly limitBytes: number
  /** Sees each piece as it comes. */
  readonly onChunk: (chunk: Uint8Array) => void
  /** The body, where it was read from the request before. */
  readonly from?: Uint8Array | AsyncIterable<Uint8Array> | undefined
}

/** JSON whole, so that another upstream can be sent it too; all else, and what is too large, piece by piece as it comes. */
export async function sendableBody(
  request: IncomingMessage,
  { limitBytes, onChunk, from = request }: SendableBodyOptions,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const isJson = /^application\/([\w.+-]*\+)?json\b/i.test(fieldOf(request.rawHeaders, 'content-type') ?? '')
  const chunks = seen(from instanceof Uint8Array ? [from] : from, onChunk)
  if (!isJson) return chunks
  const held: Uint8Array[] = []
  let size = 0
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    held.push(next.value)
    size += next.value.length
    if (size > limitBytes) return joined(held, chunks)
  }
  return held.length === 1 ? held[0]! : Buffer.concat(held)
}

async function* seen(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onChunk(chunk)
    yield chunk
  }
}

async function* joined(
  held: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* held
  yield* rest
}

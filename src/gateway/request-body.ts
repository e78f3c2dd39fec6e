/** Reads a request's body up to a limit; more than that is answered at once and thrown away as it comes. */
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

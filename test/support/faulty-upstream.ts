/** An upstream that fails in every way that a socket allows, by the first part of the path: `http://host/KIND/v1`. `good` is well, `400` refuses. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** What a request asks for, as far as its answer depends on it. */
export interface AskedFor {
  readonly wire: 'chat' | 'messages'
  readonly streaming: boolean
  /** The last message, which a good answer repeats. */
  readonly text: string
  readonly model: string
}

type Fault = (socket: Socket, asked: AskedFor) => void

export interface FaultyUpstream {
  readonly port: number
  /** The address of one kind, with the path that stands for `/v1`. */
  urlOf(kind: string): URL
  /** Requests that were read, by kind. */
  readonly requests: Map<string, number>
  readonly openSockets: number
  close(): Promise<void>
}

const json = 'application/json'
const events = 'text/event-stream'

/** What is wrong, by name. Kinds that need no server, a refused connection and an unknown host, are the caller's. */
export const faults: { readonly [kind: string]: Fault } = {
  'hang before headers': () => {},
  'hang in the body': (socket, asked) => {
    socket.write(head(200, typeOf(asked), 'transfer-encoding: chunked') + chunk(half(asked)))
  },
  'hang before the first event': (socket, asked) => {
    socket.write(head(200, typeOf(asked), 'transfer-encoding: chunked'))
  },
  'slow drip': (socket, asked) => {
    socket.write(head(200, typeOf(asked), 'transfer-encoding: chunked'))
    forever(socket, 20, () => chunk(asked.streaming ? ':' : ' '))
  },
  'reset before the answer': (socket) => socket.resetAndDestroy(),
  'closed before the answer': (socket) => socket.end(),
  'reset in the body': (socket, asked) => {
    socket.write(head(200, typeOf(asked), 'transfer-encoding: chunked') + chunk(half(asked)), () =>
      setTimeout(() => socket.resetAndDestroy(), 5),
    )
  },
  '429': (socket, asked) => whole(socket, 429, json, errorBody(asked, 'rate_limit_error')),
  '429 with Retry-After': (socket, asked) =>
    whole(socket, 429, json, errorBody(asked, 'rate_limit_error'), 'retry-after: 30'),
  '500': (socket, asked) => whole(socket, 500, json, errorBody(asked, 'server_error')),
  '502 page': (socket) => whole(socket, 502, 'text/html', '<html><h1>502 Bad Gateway</h1></html>'),
  '503': (socket, asked) => whole(socket, 503, json, errorBody(asked, 'server_error'), 'retry-after: 1'),
  '504 without body': (socket) => whole(socket, 504, 'text/plain', ''),
  '529': (socket, asked) => whole(socket, 529, json, errorBody(asked, 'overloaded_error')),
  '401 for the configured key': (socket, asked) =>
    whole(socket, 401, json, errorBody(asked, 'authentication_error')),
  'redirect to a page': (socket) => whole(socket, 302, 'text/html', '<a>login</a>', 'location: /login'),
  'truncated JSON': (socket, asked) => whole(socket, 200, json, completion(asked).slice(0, -9)),
  'JSON that is no answer': (socket) => whole(socket, 200, json, '{"status":"ok","data":[1,2,3]}'),
  'empty body': (socket, asked) => whole(socket, 200, typeOf(asked), ''),
  'a page with 200': (socket) => whole(socket, 200, 'text/html', '<html>Please log in</html>'),
  'content-length too long': (socket, asked) => {
    const body = bodyOf(asked)
    socket.end(
      `${head(200, typeOf(asked), `content-length: ${Buffer.byteLength(body) + 100}`)}${half(asked)}`,
    )
  },
  'content-length too short': (socket, asked) => {
    socket.end(`${head(200, typeOf(asked), 'content-length: 10')}${bodyOf(asked)}`)
  },
  'chunks that are none': (socket, asked) => {
    socket.end(`${head(200, typeOf(asked), 'transfer-encoding: chunked')}zz\r\nno chunk at all\r\n`)
  },
  'broken gzip': (socket, asked) => {
    const packed = gzipSync(bodyOf(asked))
    const broken = Buffer.concat([packed.subarray(0, 20), Buffer.from('broken'), packed.subarray(26)])
    socket.write(head(200, json, 'content-encoding: gzip', `content-length: ${broken.length}`))
    socket.end(broken)
  },
  'endless body': (socket, asked) => {
    socket.write(head(200, typeOf(asked), 'transfer-encoding: chunked'))
    const piece = chunk(asked.streaming ? `: ${'x'.repeat(65_000)}\n\n` : ' '.repeat(65_000))
    flood(socket, piece)
  },
  'headers too large': (socket) => {
    const fields = Array.from({ length: 200 }, (_, at) => `x-field-${at}: ${'y'.repeat(200)}`)
    socket.end(`${head(200, json, ...fields, 'content-length: 2')}{}`)
  },
  'no HTTP at all': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'an error with 200': (socket, asked) => {
    const body = errorBody(asked, 'server_error')
    whole(socket, 200, typeOf(asked), asked.streaming ? `data: ${body}\n\n` : body)
  },
  'invalid UTF-8': (socket, asked) => {
    const body = Buffer.from(completion({ ...asked, text: '\u00ff' }), 'latin1')
    socket.write(head(200, json, `content-length: ${body.length}`))
    socket.end(body)
  },
  'a stream without its end': (socket, asked) => {
    const text = asked.streaming ? half(asked) : completion(asked).slice(0, 40)
    whole(socket, 200, typeOf(asked), text)
  },
  'an error after the announcement': (socket, asked) => {
    const body = errorBody(asked, 'overloaded_error')
    const announced = `${pieces(asked)[0]}event: error\ndata: ${body}\n\n`
    whole(
      socket,
      asked.streaming ? 200 : 529,
      asked.streaming ? events : json,
      asked.streaming ? announced : body,
    )
  },
}

/** Starts one, on a free port of loopback. */
export async function faultyUpstream(): Promise<FaultyUpstream> {
  const sockets = new Set<Socket>()
  const requests = new Map<string, number>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(socket, requests)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    port,
    urlOf: (kind) => new URL(`http://127.0.0.1:${port}/${encodeURIComponent(kind)}/v1`),
    requests,
    get openSockets() {
      return sockets.size
    },
    close: () => closeAll(server, sockets),
  }
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  await new Promise<void>((done) => server.close(() => done()))
}

/** Requests one after the other on a connection; each has a content-length, or no body. */
function serve(socket: Socket, requests: Map<string, number>): void {
  let held = Buffer.alloc(0)
  socket.on('data', (data) => {
    held = Buffer.concat([held, data])
    const end = held.indexOf('\r\n\r\n')
    if (end < 0) return
    const top = held.subarray(0, end).toString('latin1')
    const length = Number(/content-length: (\d+)/i.exec(top)?.[1] ?? 0)
    if (held.length < end + 4 + length) return
    const body = held.subarray(end + 4, end + 4 + length)
    held = held.subarray(end + 4 + length)
    const path = top.split(' ')[1]!
    const kind = decodeURIComponent(path.split('/')[1]!)
    requests.set(kind, (requests.get(kind) ?? 0) + 1)
    const act = others[kind] ?? faults[kind]
    if (!act) throw new Error(`no fault is called ${kind}`)
    act(socket, askedFor(path, body.toString()))
  })
}

function askedFor(path: string, body: string): AskedFor {
  const { stream, messages, model } = JSON.parse(body)
  const wire = path.includes('/v1/messages') ? 'messages' : 'chat'
  return { wire, streaming: stream === true, text: messages.at(-1).content, model }
}

/** What is no fault of the upstream's. */
const others: { readonly [kind: string]: Fault } = {
  good: (socket, asked) => whole(socket, 200, typeOf(asked), bodyOf(asked)),
  '400': (socket, asked) => whole(socket, 400, json, errorBody(asked, 'invalid_request_error')),
}

function whole(socket: Socket, status: number, type: string, body: string, ...fields: string[]): void {
  socket.write(head(status, type, ...fields, `content-length: ${Buffer.byteLength(body)}`) + body)
}

function head(status: number, type: string, ...fields: string[]): string {
  return [`HTTP/1.1 ${status} X`, `content-type: ${type}`, ...fields, '', ''].join('\r\n')
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

function forever(socket: Socket, everyMs: number, piece: () => string): void {
  const timer = setInterval(() => socket.write(piece()), everyMs)
  socket.on('close', () => clearInterval(timer))
}

function flood(socket: Socket, piece: string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', write)
  write()
}

function typeOf({ streaming }: AskedFor): string {
  return streaming ? events : json
}

function bodyOf(asked: AskedFor): string {
  return asked.streaming ? pieces(asked).join('') : completion(asked)
}

/** Half of an answer: of a streamed one its announcement and something that it says. */
function half(asked: AskedFor): string {
  return asked.streaming ? pieces(asked).slice(0, 2).join('') : completion(asked).slice(0, 60)
}

function completion({ wire, text, model }: AskedFor): string {
  return wire === 'chat'
    ? JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
      })
    : JSON.stringify({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model,
        content: [{ type: 'text', text }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 9, output_tokens: 3 },
      })
}

function pieces(asked: AskedFor): readonly string[] {
  return asked.wire === 'chat' ? chatPieces(asked) : messagePieces(asked)
}

function chatPieces({ text, model }: AskedFor): readonly string[] {
  const event = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  return [
    event({ role: 'assistant', content: '' }, null),
    event({ content: text }, null),
    event({}, 'stop'),
    'data: [DONE]\n\n',
  ]
}

function messagePieces({ text, model }: AskedFor): readonly string[] {
  const event = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
  const usage = { input_tokens: 9, output_tokens: 1 }
  return [
    event('message_start', {
      message: { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], usage },
    }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }),
    event('message_stop', {}),
  ]
}

function errorBody({ wire }: AskedFor, type: string): string {
  const error = { type, message: 'The upstream says no.' }
  return JSON.stringify(
    wire === 'chat' ? { error: { ...error, param: null, code: null } } : { type: 'error', error },
  )
}

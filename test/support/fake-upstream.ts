/** An upstream on loopback that answers chat calls as OpenAI does, or misbehaves in the way a test asks for. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the upstream behaves; `answer` is the only good one. */
export type Behaviour =
  | 'answer'
  | 'hang'
  | 'hang-in-stream'
  | 'half-body'
  | 'half-stream'
  | 'malformed'
  | 'rate-limited'
  | 'server-error'
  | 'close-at-once'
  | 'error-in-stream'

/** A request as it came in, byte for byte. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface FakeUpstream {
  /** With the path `/v1`. */
  readonly url: URL
  readonly seen: SeenRequest[]
  behaviour: Behaviour
  /** What it writes for a prompt's last message. */
  answer: (text: string) => string
  /** Milliseconds between the pieces of a streamed answer. */
  pieceMs: number
  /** Milliseconds before it answers. */
  delayMs: number
  /** What it says where it is `rate-limited`. */
  retryAfter: string
  /** Streams that the other side ended before they were complete. */
  readonly aborted: { count: number }
  close(): Promise<void>
}

interface ChatBody {
  readonly model: string
  readonly stream?: boolean
  readonly stream_options?: { readonly include_usage?: boolean }
  readonly messages: readonly { readonly content: string }[]
}

type Settings = Partial<Pick<FakeUpstream, 'answer' | 'behaviour' | 'pieceMs' | 'delayMs'>> & {
  readonly port?: number
}

/** Starts one, on a free port unless one is given. */
export async function fakeUpstream(settings: Settings = {}): Promise<FakeUpstream> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(settings.port ?? 0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const fake: FakeUpstream = {
    url: new URL(`http://127.0.0.1:${port}/v1`),
    seen: [],
    behaviour: settings.behaviour ?? 'answer',
    answer: settings.answer ?? (() => 'An answer of the upstream.'),
    pieceMs: settings.pieceMs ?? 0,
    delayMs: settings.delayMs ?? 0,
    retryAfter: '7',
    aborted: { count: 0 },
    close: () => closeServer(server),
  }
  server.on('request', (request, response) => {
    void handle(fake, request, response)
  })
  return fake
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((done) => server.close(() => done()))
}

async function handle(fake: FakeUpstream, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    fake.aborted.count++
    return
  }
  const { method = '', url = '', rawHeaders, headers } = request
  const seen = { method, url, rawHeaders, headers, body: Buffer.concat(chunks) }
  fake.seen.push(seen)
  response.on('close', () => {
    if (!response.writableFinished) fake.aborted.count++
  })
  if (fake.delayMs > 0) await new Promise((done) => setTimeout(done, fake.delayMs))
  if (url === '/v1/models') return sendJson(response, 200, modelList)
  if (url !== '/v1/chat/completions' || method !== 'POST') return echo(seen, response)
  const body: ChatBody = JSON.parse(seen.body.toString())
  await behaviours[fake.behaviour](fake, body, response)
}

const modelList = {
  object: 'list',
  data: [{ id: 'big-model', object: 'model', created: 1, owned_by: 'fake' }],
}

/** Anything but chat comes back as it went in, with a header that occurs twice and a status of its own. */
function echo(seen: SeenRequest, response: ServerResponse): void {
  response.writeHead(207, 'Echoed', [
    'X-Echo-Url',
    seen.url,
    'Set-Cookie',
    'a=1',
    'Set-Cookie',
    'b=2',
    'Content-Type',
    seen.headers['content-type'] ?? 'application/octet-stream',
  ])
  response.end(seen.body)
}

type Behave = (fake: FakeUpstream, body: ChatBody, response: ServerResponse) => void | Promise<void>

const behaviours: { readonly [Name in Behaviour]: Behave } = {
  answer: (fake, body, response) =>
    body.stream ? stream(fake, body, response) : sendJson(response, 200, completion(fake, body)),
  hang: () => {},
  'hang-in-stream': async (fake, body, response) => {
    startStream(response)
    for (const piece of pieces(fake, body).slice(0, 2)) response.write(piece)
  },
  'half-body': (fake, body, response) => {
    const text = JSON.stringify(completion(fake, body))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length })
    response.write(text.slice(0, text.length / 2), () => response.destroy())
  },
  'half-stream': (fake, body, response) => {
    startStream(response)
    response.write(pieces(fake, body).slice(0, 2).join(''), () => response.destroy())
  },
  malformed: (_fake, _body, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [{"message": ')
  },
  'rate-limited': (fake, _body, response) => {
    const error = { message: 'Slow down.', type: 'requests', param: null, code: 'rate_limit_exceeded' }
    response.setHeader('retry-after', fake.retryAfter)
    sendJson(response, 429, { error })
  },
  'server-error': (_fake, _body, response) => {
    sendJson(response, 500, { error: { message: 'Out of order.', type: 'server_error', code: null } })
  },
  'close-at-once': (_fake, _body, response) => {
    response.socket?.destroy()
  },
  'error-in-stream': (fake, body, response) => {
    startStream(response)
    response.write(pieces(fake, body)[0])
    response.end(`data: ${JSON.stringify({ error: { message: 'Gone wrong.', type: 'server_error' } })}\n\n`)
  },
}

function completion(fake: FakeUpstream, body: ChatBody): object {
  const content = fake.answer(body.messages.at(-1)?.content ?? '')
  return {
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 1,
    model: body.model,
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  }
}

function pieces(fake: FakeUpstream, body: ChatBody): string[] {
  const text = fake.answer(body.messages.at(-1)?.content ?? '')
  const head = { id: 'chatcmpl-fake', object: 'chat.completion.chunk', created: 1, model: body.model }
  const event = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  const words = text.match(/\S+\s*|\s+/g) ?? []
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
  return [
    event({ role: 'assistant', content: '' }, null),
    ...words.map((content) => event({ content }, null)),
    event({}, 'stop'),
    ...(body.stream_options?.include_usage
      ? [`data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`]
      : []),
    'data: [DONE]\n\n',
  ]
}

function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
}

async function stream(fake: FakeUpstream, body: ChatBody, response: ServerResponse): Promise<void> {
  startStream(response)
  for (const piece of pieces(fake, body)) {
    if (response.destroyed) return
    response.write(piece)
    if (fake.pieceMs > 0) await new Promise((done) => setTimeout(done, fake.pieceMs))
  }
  response.end()
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const text = JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

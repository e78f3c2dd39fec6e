/** A web server for tests that cuts, lies, hangs, redirects and asks for tokens as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeFile {
  readonly bytes: Uint8Array
  readonly etag?: string
}

export interface FakeWeb {
  readonly url: URL
  /** Files by path; a function answers by itself. */
  readonly files: Map<string, FakeFile | ((request: IncomingMessage, response: ServerResponse) => void)>
  /** What was asked for, oldest first. */
  readonly asked: { readonly path: string; readonly range?: string; readonly authorization?: string }[]
  /** Connections are cut after so many bytes of an answer, for as many answers as there are numbers. */
  readonly cuts: number[]
  close(): Promise<void>
}

/** Starts the server on a free port of this machine. */
export async function startFakeWeb(): Promise<FakeWeb> {
  const [files, asked, cuts]: [FakeWeb['files'], FakeWeb['asked'], number[]] = [new Map(), [], []]
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname)
    const { range, authorization } = request.headers
    asked.push({ path, ...(range && { range }), ...(authorization && { authorization }) })
    const file = files.get(path)
    if (file === undefined) response.writeHead(404).end()
    else if (typeof file === 'function') file(request, response)
    else answer(file, request, response, cuts.shift())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    ...{ files, asked, cuts },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(
  { bytes, etag }: FakeFile,
  request: IncomingMessage,
  response: ServerResponse,
  cutAfter: number | undefined,
): void {
  const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  const isSame = request.headers['if-range'] === etag
  const from = wanted !== undefined && isSame ? Number(wanted) : 0
  if (from >= bytes.length && from > 0) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': bytes.length - from,
    ...(etag && { etag }),
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  })
  if (cutAfter === undefined) response.end(bytes.subarray(from))
  else response.write(bytes.subarray(from, from + cutAfter), () => setTimeout(() => response.destroy(), 30))
}

/** An upstream that gives recorded answers: the header `x-case` says which. Streams come in pieces that end anywhere. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { seededRandom } from '../../src/base/random.ts'
import type { MoneyCall } from './money-calls.ts'

export interface MoneyUpstream {
  /** With its path, `/v1`. */
  readonly url: URL
  close(): Promise<void>
}

/** Starts it on a free port. */
export async function moneyUpstream(calls: readonly MoneyCall[]): Promise<MoneyUpstream> {
  const random = seededRandom(5)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const call = calls[Number(request.headers['x-case'])]
    if (!call) return void response.writeHead(404).end()
    const { type, bytes, encoding } = call.answer(Buffer.concat(chunks).toString())
    response.writeHead(200, { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) })
    for (let at = 0; at < bytes.length; ) {
      const size = type === 'application/json' ? bytes.length : 1 + random.below(400)
      response.write(bytes.subarray(at, at + size))
      at += size
      if (random.below(4) === 0) await turn()
    }
    response.end()
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/v1`),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Sends the calls through a gateway, some at once; says which of them the client saw otherwise than the upstream meant it. */
export async function sendMoneyCalls(
  gatewayUrl: string,
  calls: readonly MoneyCall[],
  options: { readonly atOnce: number },
): Promise<readonly number[]> {
  const wrong: number[] = []
  let next = 0
  const sender = async (): Promise<void> => {
    for (let at = next++; at < calls.length; at = next++) {
      const call = calls[at]!
      const response = await fetch(gatewayUrl + call.path, {
        method: 'POST',
        body: call.body,
        headers: { 'content-type': 'application/json', 'x-case': `${at}` },
      })
      if ((await response.text()) !== call.seen || response.status !== 200) wrong.push(at)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, sender))
  return wrong
}

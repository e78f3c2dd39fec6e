/** The world outside the gateway: the stand-in upstream and the client that sends it mail, in a worker of their own. */
import { parentPort, workerData } from 'node:worker_threads'
import { Agent } from 'undici'
import { assert } from '../../base/errors.ts'
import type { FromOutside, OutsideData, ToOutside } from './outside.ts'
import { startStandIn } from './stand-in.ts'
import { sendMails } from './traffic.ts'

assert(parentPort, "the demonstration's outside was started without a parent")
const port = parentPort
const data: OutsideData = workerData
const say = (message: FromOutside): void => port.postMessage(message)
const stopped = new AbortController()
let { manner } = data

const standIn = await startStandIn(data)
say({ kind: 'stand-in-ready', url: standIn.url })

port.on('message', (message: ToOutside) => {
  if (message.kind === 'stop') stopped.abort()
  else if (message.kind === 'go-on') manner = message.manner
  else void run(message.gatewayUrl)
})

async function run(gatewayUrl: string): Promise<void> {
  const agent = new Agent({ connections: 128 })
  await sendMails(data, {
    gatewayUrl,
    agent,
    manner: () => manner,
    signal: stopped.signal,
    onResults: (results) => say({ kind: 'results', results }),
  })
  await agent.close()
  say({ kind: 'all-sent' })
}

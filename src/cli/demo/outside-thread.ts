/** Starts the world outside the gateway in its thread and speaks with it. */
import { once } from 'node:events'
import { appError } from '../../base/errors.ts'
import { startWorker } from '../../base/worker.ts'
import type { ClientResult, FromOutside, Manner, OutsideData, ToOutside } from './outside.ts'

export interface Outside {
  /** The stand-in's base URL, ending in `/v1`. */
  readonly url: string
  /** Sends the mails through a gateway; resolves when all are answered. */
  send(gatewayUrl: string, onResults: (results: readonly ClientResult[]) => void): Promise<void>
  /** Changes how the client calls from now on. */
  goOn(manner: Manner): void
  end(): Promise<void>
}

/** Resolves when the stand-in listens. */
export async function startOutside(data: OutsideData): Promise<Outside> {
  const worker = startWorker(new URL('./outside.worker.ts', import.meta.url), { data, name: 'outside' })
  const say = (message: ToOutside): void => worker.postMessage(message)
  const [first]: FromOutside[] = await once(worker, 'message')
  if (first?.kind !== 'stand-in-ready')
    throw appError('demo.step-failed', { step: 'starting the stand-in', problem: `it said ${first?.kind}` })
  return {
    url: first.url,
    send: (gatewayUrl, onResults) =>
      new Promise((resolve, reject) => {
        worker.on('message', (message: FromOutside) => {
          if (message.kind === 'results') onResults(message.results)
          else if (message.kind === 'all-sent') resolve()
        })
        worker.once('error', (cause) =>
          reject(appError('demo.step-failed', { step: 'sending mail', problem: String(cause) }, cause)),
        )
        say({ kind: 'start', gatewayUrl })
      }),
    goOn: (manner) => say({ kind: 'go-on', manner }),
    end: async () => {
      say({ kind: 'stop' })
      await worker.terminate()
    },
  }
}

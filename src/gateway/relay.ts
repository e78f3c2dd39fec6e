/** Passes the body of an upstream's answer on to the client as it comes, no faster than the client reads. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

export interface RelayOptions {
  /** Sees each chunk before it is passed on; `true` holds it and all after it back until the relay ends. */
  readonly onChunk: (chunk: Uint8Array) => boolean
  readonly signal: AbortSignal
}

/** Resolves with the chunks that were held back when the body has ended; rejects where it breaks off. */
export async function relay(
  body: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  options: RelayOptions,
): Promise<readonly Uint8Array[]> {
  const held: Uint8Array[] = []
  for await (const chunk of body) {
    const isHeld = options.onChunk(chunk) || held.length > 0
    if (isHeld) held.push(chunk)
    else if (!response.write(chunk)) await once(response, 'drain', { signal: options.signal })
  }
  return held
}

export interface ClientSignal {
  readonly signal: AbortSignal
  /** Lets go of `other`; to be called when the work is done, since a pipelined answer may never see its connection close. */
  readonly release: () => void
}

/**
 * A signal that fires when the client goes away before its answer is complete, and when `other` does until it is released.
 * Not `AbortSignal.any`: of a signal that lives long it keeps an entry for every one made from it (Node 20).
 */
export function clientSignal(response: ServerResponse, other?: AbortSignal): ClientSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  if (response.destroyed || other?.aborted) controller.abort()
  else other?.addEventListener('abort', abort)
  return { signal: controller.signal, release: () => other?.removeEventListener('abort', abort) }
}

/**
 * Asks streamed chat calls for their usage where the client did not, and hides that it was asked.
 * A model whose upstream refuses the option is not asked again: its tokens are counted.
 */

import { usageRemover } from '../wire/usage-remover.ts'
import { askingForUsage } from '../wire/usage-request.ts'
import type { UpstreamAnswer } from './upstream.ts'

export interface UsageAsking {
  /** The body to send in place of the client's; `undefined` where its own is sent. */
  edited(body: Uint8Array, model: string | undefined): Uint8Array | undefined
  /** The upstream took the client's own body after it had refused the edited one. */
  onRefused(model: string | undefined): void
}

/** Names come from requests, so what is remembered of them is bounded. */
const mostModels = 500

/** Remembers for the life of a gateway which models are not to be asked. */
export function usageAsking(): UsageAsking {
  const silent = new Set<string | undefined>()
  return {
    edited: (body, model) => (silent.has(model) ? undefined : askingForUsage(body)),
    onRefused: (model) => {
      if (silent.size < mostModels) silent.add(model)
    },
  }
}

interface Asked {
  readonly body: Uint8Array
  readonly model: string | undefined
  readonly send: (body: Uint8Array) => Promise<UpstreamAnswer>
}

/** Statuses by which upstreams refuse an option that they do not know. */
const refusals = new Set([400, 422])

/**
 * Sends a body that asks for usage; where that is refused, the client's own, whose answer then stands.
 * Says whether the answer holds what the client did not ask for.
 */
export async function sendAsking(
  asking: UsageAsking,
  { body, model, send }: Asked,
): Promise<{ readonly answer: UpstreamAnswer; readonly isHidden: boolean }> {
  const edited = asking.edited(body, model)
  const first = await send(edited ?? body)
  if (edited === undefined || !refusals.has(first.status)) {
    return { answer: first, isHidden: edited !== undefined }
  }
  // Read to its end, so that the connection can be used again.
  for await (const _ of first.body);
  const answer = await send(body)
  if (answer.status >= 200 && answer.status < 300) asking.onRefused(model)
  return { answer, isHidden: false }
}

/** The bytes of a streamed answer without what the client did not ask for; `onChunk` sees all of them. */
export async function* withoutUsage(
  body: AsyncIterable<Uint8Array>,
  options: { readonly onChunk: (chunk: Uint8Array) => void; readonly maxEventBytes: number },
): AsyncGenerator<Uint8Array> {
  const remover = usageRemover(options)
  for await (const chunk of body) {
    options.onChunk(chunk)
    const passed = remover.push(chunk)
    if (passed.length > 0) yield passed
  }
  const last = remover.end()
  if (last.length > 0) yield last
}

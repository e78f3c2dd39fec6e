/** What a request is, as far as upstreams are concerned: whose API it speaks, what it may be answered with, whether it may be repeated. */
import { fieldOf } from '../header-fields.ts'
import type { UpstreamShape } from './settings.ts'

/** What a good answer looks like: a chat completion, an Anthropic message, any JSON, or anything. */
export type Expected = 'chat' | 'message' | 'json' | 'bytes'

export interface RequestFacts {
  readonly shape: UpstreamShape
  readonly expects: Expected
  /** True where the call asks a model and changes nothing. */
  readonly isInference: boolean
}

/** Paths that ask a model; all else may create, change or name something that one upstream alone has. */
const inference: ReadonlyMap<string, Expected> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'json'],
  ['/v1/responses', 'json'],
  ['/v1/embeddings', 'json'],
  ['/v1/moderations', 'json'],
  ['/v1/rerank', 'json'],
  ['/v1/audio/speech', 'bytes'],
  ['/v1/audio/transcriptions', 'bytes'],
  ['/v1/audio/translations', 'bytes'],
  ['/v1/images/generations', 'bytes'],
  ['/v1/messages', 'message'],
  ['/v1/messages/count_tokens', 'json'],
])

/** Facts of a request by its method, its path with query, and its header fields (names and values in turn). */
export function requestFacts(request: {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
}): RequestFacts {
  const query = request.path.indexOf('?')
  const path = query < 0 ? request.path : request.path.slice(0, query)
  const isAnthropic =
    path === '/v1/messages' ||
    path.startsWith('/v1/messages/') ||
    fieldOf(request.headers, 'anthropic-version') !== undefined
  const expects = request.method === 'POST' ? inference.get(path) : undefined
  return {
    shape: isAnthropic ? 'anthropic' : 'openai',
    expects: expects ?? 'bytes',
    isInference: expects !== undefined,
  }
}

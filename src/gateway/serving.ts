/** A gateway with all that it needs, put together from the settings: recorder, specialists, upstream. */
import { randomInt } from 'node:crypto'
import type { Log } from '../base/log.ts'
import { priceTable } from '../meter/prices.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import type { Registry } from '../registry/registry.ts'
import { maskedText } from '../text/masking.ts'
import type { Tier } from '../tier/tier.ts'
import { type Recorder, startRecorder } from '../trace/recorder.ts'
import type { Store } from '../trace/store.ts'
import { createGateway } from './gateway.ts'
import { createSpecialists, type Specialists } from './specialists.ts'
import type { UpstreamsSettings } from './upstreams/settings.ts'

export interface ServingOptions {
  readonly configuration: Configuration
  /** Absent: what is not answered locally is refused. */
  readonly upstreams?: UpstreamsSettings
  readonly storeFile: string
  readonly store: Store
  readonly registry: Registry
  readonly tiers: readonly Tier[]
  readonly log: Log
}

export interface Serving {
  /** `http://host:port`. */
  readonly url: string
  readonly specialists: Specialists
  readonly recorder: Recorder
  /** Lets calls under way end, keeps them, and closes; store and registry stay the caller's. */
  close(): Promise<void>
}

/** Starts to serve; what was started before a step that fails is closed again. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { configuration, log, registry, store, tiers } = options
  const specialists = createSpecialists({
    registry,
    store,
    tiers,
    log,
    memoryBytes: configuration.local.memory,
  })
  const prices = priceTable({
    file: 'shoal.yaml, prices',
    ...(configuration.prices && { override: configuration.prices }),
  })
  const recorder = await startRecorder({
    storeFile: options.storeFile,
    prices,
    policyOf: (task) => {
      const known = specialists.book.get(task)?.task
      const upstream = known?.upstream
      return { masked: known?.masked ?? true, ...(upstream !== undefined && { upstream }) }
    },
    onProblem: (problem) => log.error({ err: problem }, 'calls may not be kept'),
  })
  const closing: (() => Promise<void>)[] = [() => recorder.close(), () => specialists.close()]
  try {
    await Promise.all(tiers.map((tier) => tier.prepare?.()))
    await specialists.start()
    const gateway = createGateway({
      ...gatewaySettings(configuration),
      ...(options.upstreams && { upstreams: options.upstreams }),
      recorder,
      tasks: specialists,
      mask: maskedText,
      log,
      audits: { settings: configuration.audit, prices, store, registry, seed: randomInt(2 ** 32) },
    })
    closing.push(() => gateway.close())
    const url = await gateway.listen()
    return { url, specialists, recorder, close: () => closeAll(closing) }
  } catch (cause) {
    await closeAll(closing)
    throw cause
  }
}

/** Last begun, first closed. */
async function closeAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close()
}

function gatewaySettings({ server, upstream, calls, local }: Configuration) {
  return {
    host: server.host,
    port: server.port,
    bodyLimitBytes: server.bodyLimit,
    shutdownMs: server.shutdown,
    maxForwarding: upstream.maxForwarding,
    durability: calls.durability,
    keptLimitBytes: calls.keepTextUpTo,
    localAnswers: local.answers,
  }
}

/** A gateway with all that it needs, put together from the settings: recorder, specialists, upstream. */
import { randomInt } from 'node:crypto'
import { systemClock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { keepRules } from '../pipeline/configuration/keep.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import { applyTaskSettings } from '../pipeline/task-settings.ts'
import type { Registry } from '../registry/registry.ts'
import { maskedText } from '../text/masking.ts'
import type { Tier } from '../tier/tier.ts'
import { type Recorder, startRecorder } from '../trace/recorder.ts'
import type { Store } from '../trace/store.ts'
import { upkeepInThread } from '../trace/upkeep-thread.ts'
import { type Access, createAccess } from './access/access.ts'
import { type Keyring, openKeyring } from './access/keyring.ts'
import { isLoopbackHost } from './access/web-guard.ts'
import { startAutoTraining, type TrainTask, watched } from './auto-training.ts'
import { callLog } from './call-log.ts'
import type { Embedders } from './embeddings/embedders.ts'
import { createGateway } from './gateway.ts'
import { startKeeping } from './keeping.ts'
import { type Live, liveAudit, livePrices, liveSettings, type NewSettings, pricesOf } from './live.ts'
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
  /** What answers embeddings; absent: all are asked of the upstream. */
  readonly embedders?: Embedders
  readonly log: Log
  /** Version of Shoal, for the documents of the admin API. */
  readonly version: string
  /** Trains a task in a process of its own; absent: nothing trains by itself. */
  readonly train?: TrainTask
}

export interface Serving {
  /** `http://host:port`. */
  readonly url: string
  readonly specialists: Specialists
  readonly recorder: Recorder
  /** Sentences about what is wrong at this moment. */
  readonly problems: readonly string[]
  /** The settings of this moment. */
  readonly configuration: Configuration
  /** Takes other settings, all of them or none: throws before anything has changed. Host, port and memory stay. */
  reconfigure(settings: NewSettings): Promise<void>
  /** Says in the readiness that the settings could not be read again, and why; `undefined`: that they could. */
  noteRefusedSettings(why: string | undefined): void
  /** Lets calls under way end, keeps them, and closes; store and registry stay the caller's. */
  close(): Promise<void>
}

/** Starts to serve; what was started before a step that fails is closed again. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { log, registry, tiers, configuration } = options
  const store = { ...options.store, upkeep: upkeepInThread(options.storeFile, options.store) }
  const live: Live = { configuration, prices: pricesOf(configuration), refused: undefined }
  await applyTaskSettings(store, configuration.tasks)
  const { memory: memoryBytes } = configuration.local
  const specialists = createSpecialists({ registry, store, tiers, log, memoryBytes })
  const recorder = await recorderOf(options, live, specialists)
  const closing: (() => Promise<void>)[] = [() => recorder.close(), () => specialists.close()]
  try {
    await Promise.all(tiers.map((tier) => tier.prepare?.()))
    await specialists.start()
    const auto = autoTrainingOf(options, live)
    if (auto) closing.push(() => auto.close())
    const logCall = callLog(log, () => live.configuration.log.calls)
    const keyring = await openKeyring({ store, log, nowMs: () => systemClock.nowMs() })
    closing.push(() => keyring.close())
    closing.push(startKeeping({ store, log, rules: () => keepRules(live.configuration.keep) }))
    const gateway = createGateway({
      ...liveSettings(options),
      host: configuration.server.host,
      port: configuration.server.port,
      recorder: watched(recorder, (call) => {
        auto?.saw(call)
        logCall(call)
      }),
      problems: () => (live.refused === undefined ? [] : [live.refused]),
      tasks: specialists,
      ...(options.embedders && { embedders: options.embedders }),
      mask: maskedText,
      log,
      access: accessOf(live, keyring),
      admin: { store, registry, keyring, clock: systemClock, version: options.version },
      audits: {
        ...{ store, registry, settings: liveAudit(live), prices: livePrices(live) },
        seed: randomInt(2 ** 32),
      },
    })
    closing.push(() => gateway.close())
    const url = await gateway.listen()
    return {
      url,
      specialists,
      recorder,
      get problems() {
        return gateway.problems()
      },
      get configuration() {
        return live.configuration
      },
      reconfigure: async (next) => {
        const prices = pricesOf(next.configuration)
        await applyTaskSettings(store, next.configuration.tasks)
        gateway.reconfigure(liveSettings(next))
        recorder.reprice(prices)
        log.level = next.configuration.log.level
        Object.assign(live, { configuration: next.configuration, prices })
      },
      noteRefusedSettings: (why) => {
        live.refused = why
      },
      close: () => closeAll(closing),
    }
  } catch (cause) {
    await closeAll(closing)
    throw cause
  }
}

function recorderOf(options: ServingOptions, live: Live, specialists: Specialists): Promise<Recorder> {
  return startRecorder({
    storeFile: options.storeFile,
    prices: live.prices,
    wattsPerCpu: live.configuration.energy.wattsPerCpu,
    policyOf: (task) => {
      const known = specialists.book.get(task)?.task
      const upstream = known?.upstream
      return { masked: known?.masked ?? true, ...(upstream !== undefined && { upstream }) }
    },
    onProblem: (problem) => options.log.error({ err: problem }, 'calls may not be kept'),
  })
}

/** Beyond loopback nobody is let in without a key. */
function accessOf(live: Live, keyring: Keyring): Access {
  const { host } = live.configuration.server
  const isLoopback = isLoopbackHost(host)
  if (!isLoopback && !keyring.isRequired('calls')) throw appError('gateway.no-keys', { host })
  return createAccess({
    isLoopback,
    get allowedHosts() {
      return live.configuration.server.allowedHosts
    },
    get allowedOrigins() {
      return live.configuration.server.allowedOrigins
    },
    keyring,
    monotonicMs: () => systemClock.monotonicMs(),
  })
}

/** Last begun, first closed. */
async function closeAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close()
}

function autoTrainingOf({ train, store, registry, log }: ServingOptions, live: Live) {
  const settings = () => live.configuration.tasks
  return train && startAutoTraining({ store, registry, train, settings, log, clock: systemClock })
}

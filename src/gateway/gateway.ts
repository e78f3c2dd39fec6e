/** The gateway as a whole: made from options, listens, and closes without losing a call. */
import { isDeepStrictEqual } from 'node:util'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { type Access, openAccess } from './access/access.ts'
import type { AdminContext } from './admin/admin-context.ts'
import { type AuditOptions, type Audits, createAudits } from './audits/audits.ts'
import type { CallRecorder, GatewayContext, MaskText, ServedTasks } from './context.ts'
import { type Embedders, noEmbedders } from './embeddings/embedders.ts'
import { knownBodies } from './known-bodies.ts'
import { gatewayMetrics } from './metrics.ts'
import { gatewayServer, listen } from './server.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamsSettings } from './upstreams/settings.ts'
import { createUpstreams } from './upstreams/upstreams.ts'
import { usageAsking } from './usage-asking.ts'

/** What may change while the gateway runs. */
export interface LiveSettings {
  /** Absent: what is not answered locally is refused. */
  readonly upstreams?: UpstreamsSettings
  /** `strict`: an answer waits until its call is durable; `group`: calls are written at most 20 ms later. */
  readonly durability: 'group' | 'strict'
  /** False: everything goes upstream, and is kept. */
  readonly localAnswers: boolean
  readonly bodyLimitBytes: number
  /** Of bodies that are longer no text is kept. */
  readonly keptLimitBytes: number
  /** Calls that may be on their way to the upstream at one moment. */
  readonly maxForwarding: number
  /** How long calls that are under way may go on once the gateway is told to close. */
  readonly shutdownMs: number
}

export interface GatewayOptions extends LiveSettings {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly recorder: CallRecorder
  readonly tasks: ServedTasks
  /** Absent: embeddings are all asked of the upstream. */
  readonly embedders?: Embedders
  readonly mask: MaskText
  readonly log: Log
  readonly clock?: Clock
  /** Absent: everyone who reaches it may call. */
  readonly access?: Access
  /** Absent: there is no admin API. */
  readonly admin?: AdminContext
  /** Absent: local answers are not checked. */
  readonly audits?: AuditOptions
  /** Sentences about the gateway itself, for the readiness. */
  readonly problems?: () => readonly string[]
}

export interface Gateway {
  /** Begins to listen; resolves with the address, `http://host:port`. */
  listen(): Promise<string>
  /** Sentences about what is wrong at this moment, as the readiness tells them. */
  problems(): readonly string[]
  /** Takes other settings from now on; calls under way end as they began, also at an upstream that is no longer there. */
  reconfigure(settings: LiveSettings): void
  /** Takes no more calls, lets those under way end, keeps what was recorded, and closes. */
  close(): Promise<void>
}

/** Makes a gateway that does not listen yet; recorder and tasks stay the caller's to close, after the gateway. */
export function createGateway(options: GatewayOptions): Gateway {
  const underWay = new Set<Promise<void>>()
  const live: Live = { settings: options, upstream: upstreamOf(options, options.upstreams) }
  const context = contextOf(options, { live, underWay })
  const app = gatewayServer(context)
  return {
    problems: context.problems,
    listen: async () => {
      await context.audits?.start()
      return listen(app, options)
    },
    reconfigure: (settings) => {
      const before = live.settings
      live.settings = settings
      if (isDeepStrictEqual(before.upstreams, settings.upstreams)) return
      const old = live.upstream
      live.upstream = upstreamOf(options, settings.upstreams)
      if (old) context.track(closeAfter([...underWay], old, options.log))
    },
    close: async () => {
      context.state.isClosing = true
      const deadline = setTimeout(() => app.server.closeAllConnections(), live.settings.shutdownMs)
      try {
        await app.close()
        await Promise.all(underWay)
        await context.audits?.close()
        await options.recorder.flush()
      } finally {
        clearTimeout(deadline)
        await context.upstream?.close()
      }
    },
  }
}

/** What handlers read anew for each call. */
interface Live {
  settings: LiveSettings
  upstream: Upstream | undefined
}

function upstreamOf(
  { log, clock = systemClock }: GatewayOptions,
  settings: UpstreamsSettings | undefined,
): Upstream | undefined {
  return settings && createUpstreams({ settings, log, nowMs: () => clock.monotonicMs() })
}

async function closeAfter(calls: readonly Promise<void>[], upstream: Upstream, log: Log): Promise<void> {
  await Promise.allSettled(calls)
  await upstream.close().catch((cause) => log.error({ err: cause }, 'a former upstream could not be closed'))
}

function contextOf(
  options: GatewayOptions,
  { live, underWay }: { readonly live: Live; readonly underWay: Set<Promise<void>> },
): GatewayContext {
  const { log, recorder, tasks } = options
  const clock = options.clock ?? systemClock
  const state = { isClosing: false, forwarding: 0 }
  const metrics = gatewayMetrics({
    forwarding: () => state.forwarding,
    recorderCounters: () => recorder.counters,
    specialistProblems: () => tasks.problems.length,
    weights: () => tasks.counts,
    upstreams: () => live.upstream?.states() ?? [],
    audits: () => audits,
  })
  const audits = auditsOf(options, { live, clock, state, metrics })
  return {
    get upstream() {
      return live.upstream
    },
    access: options.access ?? openAccess,
    admin: options.admin && { ...options.admin, ...(audits && { audits }) },
    recorder,
    tasks,
    embedders: options.embedders ?? noEmbedders,
    mask: options.mask,
    metrics,
    log,
    clock,
    get bodyLimitBytes() {
      return live.settings.bodyLimitBytes
    },
    get keptLimitBytes() {
      return live.settings.keptLimitBytes
    },
    get maxForwarding() {
      return live.settings.maxForwarding
    },
    get isStrict() {
      return live.settings.durability === 'strict'
    },
    get localAnswers() {
      return live.settings.localAnswers
    },
    problems: () => [...tasks.problems, ...(audits?.problems ?? []), ...(options.problems?.() ?? [])],
    state,
    track: (work) => {
      underWay.add(work)
      void work.finally(() => underWay.delete(work))
    },
    knownBodies: knownBodies(() => tasks.book),
    usageAsking: usageAsking(),
    audits,
    cascade: {
      ...(audits && { onPrediction: audits.saw, auditChance: audits.chance }),
      onFailure: (specialist, cause) => {
        metrics.countSpecialistError(specialist.id)
        log.error(
          { specialist: specialist.id, err: cause },
          'a specialist failed; the call went on without it',
        )
      },
    },
  }
}

/** Audits take at most half of the ways to the upstream: clients' own calls go first. */
function auditsOf(
  options: GatewayOptions,
  around: Pick<GatewayContext, 'clock' | 'state' | 'metrics'> & { readonly live: Live },
): Audits | undefined {
  const { recorder, tasks, log } = options
  const { live, clock, state, metrics } = around
  return (
    options.audits &&
    createAudits(options.audits, {
      get upstream() {
        return live.upstream
      },
      get bodyLimitBytes() {
        return live.settings.bodyLimitBytes
      },
      ...{ tasks, log, clock },
      keep: (call) => {
        metrics.countCall(call)
        recorder.record(call)
      },
      hasRoom: () => !state.isClosing && state.forwarding < live.settings.maxForwarding / 2,
    })
  )
}

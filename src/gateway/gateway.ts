/** The gateway as a whole: made from options, listens, and closes without losing a call. */
import { type Clock, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CallRecorder, GatewayContext, MaskText, ServedTasks } from './context.ts'
import { knownBodies } from './known-bodies.ts'
import { gatewayMetrics } from './metrics.ts'
import { gatewayServer, listen } from './server.ts'
import type { UpstreamsSettings } from './upstreams/settings.ts'
import { createUpstreams } from './upstreams/upstreams.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Absent: what is not answered locally is refused. */
  readonly upstreams?: UpstreamsSettings
  readonly recorder: CallRecorder
  readonly tasks: ServedTasks
  readonly mask: MaskText
  readonly log: Log
  readonly clock?: Clock
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

export interface Gateway {
  /** Begins to listen; resolves with the address, `http://host:port`. */
  listen(): Promise<string>
  /** Takes no more calls, lets those under way end, keeps what was recorded, and closes. */
  close(): Promise<void>
}

/** Makes a gateway that does not listen yet; recorder and tasks stay the caller's to close, after the gateway. */
export function createGateway(options: GatewayOptions): Gateway {
  const underWay = new Set<Promise<void>>()
  const context = contextOf(options, underWay)
  const app = gatewayServer(context)
  return {
    listen: () => listen(app, options),
    close: async () => {
      context.state.isClosing = true
      const deadline = setTimeout(() => app.server.closeAllConnections(), options.shutdownMs)
      try {
        await app.close()
        await Promise.all(underWay)
        await options.recorder.flush()
      } finally {
        clearTimeout(deadline)
        await context.upstream?.close()
      }
    },
  }
}

function contextOf(options: GatewayOptions, underWay: Set<Promise<void>>): GatewayContext {
  const { log, recorder, tasks } = options
  const clock = options.clock ?? systemClock
  const upstream =
    options.upstreams &&
    createUpstreams({ settings: options.upstreams, log, nowMs: () => clock.monotonicMs() })
  const state = { isClosing: false, forwarding: 0 }
  const metrics = gatewayMetrics({
    forwarding: () => state.forwarding,
    recorderCounters: () => recorder.counters,
    specialistProblems: () => tasks.problems.length,
    upstreams: () => upstream?.states() ?? [],
  })
  return {
    upstream,
    recorder,
    tasks,
    mask: options.mask,
    metrics,
    log,
    clock,
    bodyLimitBytes: options.bodyLimitBytes,
    keptLimitBytes: options.keptLimitBytes,
    maxForwarding: options.maxForwarding,
    isStrict: options.durability === 'strict',
    localAnswers: options.localAnswers,
    state,
    track: (work) => {
      underWay.add(work)
      void work.finally(() => underWay.delete(work))
    },
    knownBodies: knownBodies(() => tasks.book),
    cascade: {
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

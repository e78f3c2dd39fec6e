/** One upstream at work: its connection, its slots, its health, its numbers; and one try of a call on it. */
import { type AppError, appError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { UpstreamRequest, UpstreamState } from '../upstream.ts'
import { type AbortEmitter, abortEmitter, fire } from './abort-emitter.ts'
import { type Failure, failureRules } from './failure.ts'
import { createHealth, type Health } from './health.ts'
import { createHttpUpstream, type HttpUpstream } from './http-upstream.ts'
import { failureOfCause, judgeAnswer, type Outcome } from './judge-answer.ts'
import type { Expected } from './request-facts.ts'
import { deposit, fullRetryBudget, withdraw } from './retry-budget.ts'
import type { MemberSettings } from './settings.ts'
import { createSlots, type Release, type Slots } from './slots.ts'

export interface Member {
  readonly settings: MemberSettings
  /** Without user or query, for messages. */
  readonly address: string
  readonly health: Health
  readonly counts: { requests: number; retries: number; fallbacks: number; hedges: number }
  /** Tries once; rejects only with the reason of the request's own signal. */
  attempt(request: UpstreamRequest, attempt: Attempt): Promise<Outcome>
  /** Pays for sending it a call that it need not have had; false where too many were sent already. */
  takeRetry(): boolean
  errorOf(cause: unknown): AppError
  state(): UpstreamState
  close(): Promise<void>
}

export interface Attempt {
  readonly body: UpstreamRequest['body']
  /** By its name there. */
  readonly model?: string
  readonly seesClientKey: boolean
  readonly expects: Expected
  /** For all of it, waiting for a slot included; a stream must have begun by then. */
  readonly timeoutMs: number
  /** Whether another upstream could still answer. */
  readonly canGoElsewhere: boolean
  /** Ends this try alone. */
  readonly cancel?: AbortSignal
}

export interface MemberOptions {
  readonly settings: MemberSettings
  /** Longest wait that any call may have. */
  readonly limitMs: number
  readonly bodyLimitBytes: number
  /** Retries as a share of calls. */
  readonly retryShare: number
  readonly log: Log
  /** On a clock that never goes back. */
  readonly nowMs: () => number
}

/** Retries that a quiet gateway may make anyhow. */
const quietRetries = { perSecond: 0.5, most: 10 }
/** Sentences of the log. */
const changes = {
  opened: 'an upstream fails too often; calls go elsewhere until a try succeeds',
  closed: 'an upstream works again',
} as const

interface Tools extends MemberOptions {
  readonly http: HttpUpstream
  readonly slots: Slots
  readonly counts: Member['counts']
}

/** An upstream; connects with the first call. */
export function createMember(options: MemberOptions): Member {
  const { settings, nowMs, log, retryShare } = options
  const http = createHttpUpstream(settings, options)
  const slots = createSlots(settings.maxConcurrent)
  const health = createHealth({ nowMs, random: Math.random })
  const counts = { requests: 0, retries: 0, fallbacks: 0, hedges: 0 }
  const failures: { [kind: string]: number } = {}
  const tools: Tools = { ...options, http, slots, counts }
  const budgetPolicy = { share: retryShare, ...quietRetries }
  let budget = fullRetryBudget(nowMs(), budgetPolicy)
  const settle = (model: string | undefined, failure: Failure | undefined): void => {
    const change = health.onVerdict(model, failure ? failureRules[failure.kind].says : 'well')
    if (change) log.warn({ upstream: settings.name, model, failed: failure?.kind }, changes[change])
    if (!failure) return
    failures[failure.kind] = (failures[failure.kind] ?? 0) + 1
    const wantsRest = failure.kind === 'limited' || failure.retryAfterMs !== undefined
    if (wantsRest) health.onRest(model, failure.retryAfterMs)
  }
  return {
    settings,
    address: http.address,
    health,
    counts,
    attempt: async (request, attempt) => {
      health.onSent(attempt.model)
      budget = deposit(budget, nowMs(), budgetPolicy)
      const outcome = await tryOnce(tools, request, attempt, (failure) => settle(attempt.model, failure))
      if (outcome.kind === 'failure' && outcome.failure.kind === 'abandoned') {
        health.onVerdict(attempt.model, 'nothing')
        request.signal.throwIfAborted()
      } else settle(attempt.model, outcome.kind === 'failure' ? outcome.failure : undefined)
      return outcome
    },
    takeRetry: () => {
      const left = withdraw(budget, nowMs(), budgetPolicy)
      if (!left) return false
      budget = left
      counts.retries++
      return true
    },
    errorOf: http.errorOf,
    state: () => ({
      name: settings.name,
      address: http.address,
      ...counts,
      failures: { ...failures },
      active: slots.active,
      waiting: slots.waiting,
      models: health.counts(),
    }),
    close: () => http.close(),
  }
}

async function tryOnce(
  tools: Tools,
  request: UpstreamRequest,
  attempt: Attempt,
  onBrokenOff: (failure: Failure) => void,
): Promise<Outcome> {
  const { http, settings, slots } = tools
  const patience = startPatience(request.signal, attempt)
  let release: Release | undefined
  let isOpen = false
  try {
    const waitMs = Math.min(settings.queueTimeoutMs, attempt.timeoutMs)
    release = slots.tryTake() ?? (await slots.take({ waitMs, signal: patience.signal }))
    if (!release) return { kind: 'failure', failure: busy(tools) }
    tools.counts.requests++
    const { body, seesClientKey } = attempt
    const raw = await http.send(request, { body, seesClientKey, signal: patience.signal })
    isOpen = true
    const free = release
    raw.body.once('close', () => {
      free()
      patience.forget()
    })
    // An error that comes when nobody reads is found by the reader, where there is one.
    raw.body.on('error', () => {})
    const onBroken = (failure: Failure): void => {
      if (!request.signal.aborted) onBrokenOff(failure)
    }
    return await judgeAnswer(raw, { by: tools, asked: attempt, streaming: request.streaming, onBroken })
  } catch (cause) {
    if (request.signal.aborted || attempt.cancel?.aborted)
      return { kind: 'failure', failure: abandoned(tools) }
    const failure = patience.isOver
      ? { kind: 'timeout' as const, error: late(tools, attempt.timeoutMs) }
      : failureOfCause(http, cause)
    return { kind: 'failure', failure }
  } finally {
    patience.end()
    if (!isOpen) {
      release?.()
      patience.forget()
    }
  }
}

interface Patience {
  readonly signal: AbortEmitter
  /** True where the time was over first. */
  readonly isOver: boolean
  /** The try has its answer: from now on only the client's leaving ends it. */
  end(): void
  /** Nothing can end it any more. */
  forget(): void
}

/** One signal for all that can end a try: the client, the time, and another upstream that was faster. */
function startPatience(client: AbortSignal, { timeoutMs, cancel }: Attempt): Patience {
  const signal = abortEmitter()
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    fire(signal)
  }, timeoutMs)
  const abort = (): void => fire(signal)
  if (client.aborted || cancel?.aborted) abort()
  client.addEventListener('abort', abort, { once: true })
  cancel?.addEventListener('abort', abort, { once: true })
  return {
    signal,
    get isOver() {
      return isOver
    },
    end: () => {
      clearTimeout(timer)
      cancel?.removeEventListener('abort', abort)
    },
    forget: () => client.removeEventListener('abort', abort),
  }
}

function busy({ http, settings }: Tools): Failure {
  return {
    kind: 'busy',
    error: appError('upstream.busy', { upstream: http.address, count: settings.maxConcurrent }),
  }
}

function abandoned({ http }: Tools): Failure {
  const problem = 'the call was given up'
  return { kind: 'abandoned', error: appError('upstream.broken-off', { upstream: http.address, problem }) }
}

function late({ http }: Tools, timeoutMs: number): AppError {
  const seconds = Math.round(timeoutMs) / 1000
  return appError('upstream.timeout', { upstream: http.address, step: 'give its answer', seconds })
}

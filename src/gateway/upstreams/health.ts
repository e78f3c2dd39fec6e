/** What a gateway has learned of one upstream: two breakers a model, and until when it asks to be left alone. */
import {
  afterGivingUp,
  afterOutcome,
  afterSending,
  type Breaker,
  type BreakerPolicy,
  closedBreaker,
  permits,
  reopensInMs,
} from './breaker.ts'

/** Half of at least ten calls within half a minute; then tries after 1 s, 2 s, 4 s, at most every half minute. */
const policy: BreakerPolicy = {
  windowMs: 30_000,
  leastCalls: 10,
  failureShare: 0.5,
  openMs: 1_000,
  mostOpenMs: 30_000,
}
/** Models that are told apart: their names come from requests. */
const mostModels = 500
/** A rest that was asked for without saying how long; and the longest that is believed. */
const restMs = { unsaid: 1_000, most: 600_000 }

/** What one try says of the upstream. */
export type Verdict = 'well' | 'ill' | 'dead' | 'nothing'

export interface Health {
  /** How it stands with a model. */
  of(model: string | undefined): Standing
  onSent(model: string | undefined): void
  /** Says whether that opened or closed a breaker. */
  onVerdict(model: string | undefined, verdict: Verdict): 'opened' | 'closed' | undefined
  /** It asks to be left alone; without a time, for a moment. */
  onRest(model: string | undefined, retryAfterMs: number | undefined): void
  /** Numbers of models, by what is the matter with them now. */
  counts(): { readonly dead: number; readonly ill: number; readonly resting: number }
}

export interface Standing {
  /** False: it does not answer, and no call but a try every now and then is sent. */
  readonly isAlive: boolean
  readonly isWell: boolean
  readonly restsMs: number
  /** Milliseconds until a try, where it is not alive. */
  readonly reopensInMs: number
}

interface State {
  dead: Breaker
  ill: Breaker
  restsUntilMs: number
}

function isClosed({ dead, ill }: State): boolean {
  return dead.kind === 'closed' && ill.kind === 'closed'
}

export interface HealthOptions {
  /** On a clock that never goes back. */
  readonly nowMs: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Health of an upstream of which nothing is known yet. */
export function createHealth({ nowMs, random }: HealthOptions): Health {
  const states = new Map<string, State>()
  const stateOf = (model: string | undefined): State => {
    const key = model ?? ''
    const there = states.get(key)
    if (there) return there
    if (states.size >= mostModels) states.delete(states.keys().next().value!)
    const made = { dead: closedBreaker(nowMs()), ill: closedBreaker(nowMs()), restsUntilMs: 0 }
    states.set(key, made)
    return made
  }
  return {
    of: (model) => {
      const now = nowMs()
      const { dead, ill, restsUntilMs } = stateOf(model)
      return {
        isAlive: permits(dead, now) !== 'no',
        isWell: permits(ill, now) !== 'no',
        restsMs: Math.max(0, restsUntilMs - now),
        reopensInMs: reopensInMs(dead, now),
      }
    },
    onSent: (model) => {
      const state = stateOf(model)
      state.dead = afterSending(state.dead, nowMs())
      state.ill = afterSending(state.ill, nowMs())
    },
    onVerdict: (model, verdict) => {
      const state = stateOf(model)
      const now = nowMs()
      const before = isClosed(state)
      if (verdict === 'nothing') {
        state.dead = afterGivingUp(state.dead, now)
        state.ill = afterGivingUp(state.ill, now)
        return undefined
      }
      const outcome = { nowMs: now, jitter: random() }
      state.dead = afterOutcome(state.dead, { ...outcome, failed: verdict === 'dead' }, policy)
      state.ill =
        verdict === 'dead'
          ? afterGivingUp(state.ill, now)
          : afterOutcome(state.ill, { ...outcome, failed: verdict === 'ill' }, policy)
      const after = isClosed(state)
      return before === after ? undefined : after ? 'closed' : 'opened'
    },
    onRest: (model, retryAfterMs) => {
      const ms = Math.min(retryAfterMs ?? restMs.unsaid, restMs.most)
      stateOf(model).restsUntilMs = nowMs() + ms
    },
    counts: () => {
      const now = nowMs()
      const all = [...states.values()]
      const isOpen = ({ kind }: Breaker): boolean => kind !== 'closed'
      return {
        dead: all.filter(({ dead }) => isOpen(dead)).length,
        ill: all.filter(({ ill }) => isOpen(ill)).length,
        resting: all.filter(({ restsUntilMs }) => restsUntilMs > now).length,
      }
    },
  }
}

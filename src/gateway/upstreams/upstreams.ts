/** All upstreams as one: sends a call to the first that can take it, and on to the next where that fails. */
import { setTimeout as delay } from 'node:timers/promises'
import { type AppError, appError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { fieldOf } from '../header-fields.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '../upstream.ts'
import { type Eligible, eligibleMembers } from './candidates.ts'
import { type Candidate, nextStep, type Step } from './choose.ts'
import { briefly, type Failure } from './failure.ts'
import { withFasterSecond } from './hedge.ts'
import type { Outcome } from './judge-answer.ts'
import { createMember, type Member } from './member.ts'
import { type ModelMember, modelMember, withModel } from './model-member.ts'
import { type RequestFacts, requestFacts } from './request-facts.ts'
import type { UpstreamsSettings } from './settings.ts'

export interface UpstreamsOptions {
  readonly settings: UpstreamsSettings
  readonly log: Log
  /** On a clock that never goes back. */
  readonly nowMs: () => number
}

interface Tools extends UpstreamsOptions {
  readonly members: readonly Member[]
}

/** A call on its way. */
interface Call {
  readonly request: UpstreamRequest
  readonly facts: RequestFacts
  readonly named?: ModelMember
  readonly eligible: readonly Eligible[]
  readonly beganMs: number
  /** By position among the eligible. */
  readonly failures: Map<number, Failure>
  /** For the header: what was tried in vain. */
  readonly tried: string[]
  last?: number
  hasRetried: boolean
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const chatFacts = requestFacts({ method: 'POST', path: '/v1/chat/completions', headers: [] })
const backoffMs = { least: 50, spread: 100 }

/** One or more upstreams; connects with the first call. */
export function createUpstreams(options: UpstreamsOptions): Upstream {
  const { settings, nowMs, log } = options
  const { answerTimeoutMs: limitMs, bodyLimitBytes, retryShare } = settings
  const members = settings.members.map((member) =>
    createMember({ settings: member, limitMs, bodyLimitBytes, retryShare, nowMs, log }),
  )
  const tools = { ...options, members }
  const [only] = members
  return {
    name: members.length === 1 ? only!.address : members.map(({ settings: { name } }) => name).join(', '),
    send: (request) => sendCall(tools, request),
    errorOf: (cause) => (only ?? assertSome()).errorOf(cause),
    modelName: (model) => eligibleMembers(settings.members, { ...chatFacts, model })[0]?.model ?? model,
    states: () => members.map((member) => member.state()),
    close: async () => {
      await Promise.all(members.map((member) => member.close()))
    },
  }
}

function assertSome(): never {
  throw appError('internal.bug', { problem: 'there is no upstream' })
}

async function sendCall(tools: Tools, request: UpstreamRequest): Promise<UpstreamAnswer> {
  const call = beginCall(tools, request)
  if (call.eligible.length === 0) throw nobodyTakes(tools, call)
  for (;;) {
    const step = decide(tools, call)
    if (step.kind === 'give-up') return giveUp(tools, call)
    const member = memberOf(tools, call, step.candidate)
    if (step.kind === 'retry') {
      if (!member.takeRetry()) return giveUp(tools, call)
      call.hasRetried = true
      await delay(step.waitMs, undefined, { signal: request.signal })
    } else if (call.failures.size > 0) member.counts.fallbacks++
    for (const [candidate, outcome] of await take(tools, call, step)) {
      if (outcome.kind === 'answer') return finish(call, candidate, outcome.answer)
      noteFailure(tools, call, candidate, outcome.failure)
    }
  }
}

function beginCall({ members, nowMs }: Tools, request: UpstreamRequest): Call {
  const facts = requestFacts(request)
  const named = request.body instanceof Uint8Array ? modelMember(request.body) : undefined
  const pin = fieldOf(request.headers, 'x-shoal-upstream')
  const eligible = eligibleMembers(
    members.map(({ settings }) => settings),
    { ...facts, ...(named && { model: named.model }), ...(pin !== undefined && { pin }) },
  )
  return {
    request,
    facts,
    ...(named && { named }),
    eligible,
    beganMs: nowMs(),
    failures: new Map(),
    tried: [],
    hasRetried: false,
  }
}

function memberOf({ members }: Tools, { eligible }: Call, candidate: number): Member {
  return members[eligible[candidate]!.member]!
}

function remainingMs({ settings, nowMs }: Tools, call: Call): number {
  return call.beganMs + settings.answerTimeoutMs - nowMs()
}

function decide(tools: Tools, call: Call): Step {
  const { body, method } = call.request
  const isSpent = call.last !== undefined && body !== undefined && !(body instanceof Uint8Array)
  if (isSpent) return { kind: 'give-up' }
  return nextStep({
    candidates: candidatesOf(tools, call),
    ...(call.last !== undefined && { last: call.last }),
    hasRetried: call.hasRetried,
    isIdempotent: idempotent.has(method),
    isRepeatable: call.facts.isInference,
    remainingMs: remainingMs(tools, call),
    backoffMs: backoffMs.least + Math.random() * backoffMs.spread,
  })
}

function candidatesOf(tools: Tools, call: Call): readonly Candidate[] {
  return call.eligible.map(({ model }, at) => {
    const { isAlive, isWell, restsMs } = memberOf(tools, call, at).health.of(model)
    const failure = call.failures.get(at)
    return { isAlive, isWell, restsMs, ...(failure && { failure }) }
  })
}

type Taken = readonly (readonly [candidate: number, outcome: Outcome])[]

/** Tries the candidate of a step; where hedging is on, another one beside it. */
async function take(
  tools: Tools,
  call: Call,
  { candidate }: Exclude<Step, { kind: 'give-up' }>,
): Promise<Taken> {
  const { hedgeAfterMs } = tools.settings
  const other = hedgeAfterMs === undefined ? undefined : hedgeFor(tools, call, candidate)
  if (hedgeAfterMs === undefined || other === undefined)
    return [[candidate, await attempt(tools, call, candidate)]]
  const { first, second } = await withFasterSecond({
    afterMs: hedgeAfterMs,
    first: (cancel) => attempt(tools, call, candidate, cancel),
    second: (cancel) => {
      const member = memberOf(tools, call, other)
      if (!member.takeRetry()) return undefined
      member.counts.retries--
      member.counts.hedges++
      return attempt(tools, call, other, cancel)
    },
  })
  const both: Taken = [[candidate, first], ...(second ? [[other, second] as const] : [])]
  return both.toSorted(([, a], [, b]) => a.kind.localeCompare(b.kind))
}

/** Who could be asked as well: only for a call in one piece that has consequences nowhere, and only one that is well. */
function hedgeFor(tools: Tools, call: Call, candidate: number): number | undefined {
  const { request, facts, failures } = call
  const mayHedge = request.streaming === false && facts.isInference && failures.size === 0
  if (!mayHedge || !(request.body instanceof Uint8Array)) return undefined
  const found = candidatesOf(tools, call).findIndex(
    ({ isAlive, isWell, restsMs }, at) => at !== candidate && isAlive && isWell && restsMs <= 0,
  )
  return found < 0 ? undefined : found
}

function attempt(tools: Tools, call: Call, candidate: number, cancel?: AbortSignal): Promise<Outcome> {
  const { request, facts, named } = call
  const { model, seesClientKey } = call.eligible[candidate]!
  const member = memberOf(tools, call, candidate)
  const others = candidatesOf(tools, call).filter(
    ({ isAlive, failure }, at) => at !== candidate && isAlive && !failure,
  ).length
  const shareMs = remainingMs(tools, call) / (others + 1)
  const isRenamed = named && model !== undefined && request.body instanceof Uint8Array
  return member.attempt(request, {
    body: isRenamed ? withModel(request.body, named, model) : request.body,
    ...(model !== undefined && { model }),
    seesClientKey,
    expects: facts.expects,
    timeoutMs: Math.max(1, Math.min(shareMs, member.settings.answerTimeoutMs ?? shareMs)),
    canGoElsewhere: others > 0 && facts.isInference,
    ...(cancel && { cancel }),
  })
}

function noteFailure(tools: Tools, call: Call, candidate: number, failure: Failure): void {
  if (failure.kind === 'abandoned') return
  const { name } = memberOf(tools, call, candidate).settings
  call.failures.set(candidate, failure)
  call.last = candidate
  call.tried.push(`${name}: ${briefly(failure)}`)
  tools.log.info(
    { upstream: name, failed: briefly(failure), code: failure.error.code },
    'an upstream failed a call',
  )
}

function finish(call: Call, candidate: number, answer: UpstreamAnswer): UpstreamAnswer {
  const { model } = call.eligible[candidate]!
  const isRenamed = model !== undefined && model !== call.named?.model
  return { ...answer, ...(isRenamed && { model }), tried: call.tried }
}

/** The last words of an upstream where it has any, else the error; one that says what was tried where it was several. */
function giveUp(tools: Tools, call: Call): UpstreamAnswer {
  const failures = [...call.failures]
  if (failures.length === 0) throw resting(tools, call)
  const withWords = failures.findLast(([, { answer }]) => answer !== undefined)
  if (withWords) return finish(call, withWords[0], withWords[1].answer!)
  const { error } = call.failures.get(call.last!)!
  const isOne = failures.length === 1 || failures.every(([, { kind }]) => kind === 'timeout')
  throw isOne ? error : appError('upstream.all-failed', { tried: call.tried.join(', ') }, error)
}

/** Nobody answers, and it is not yet time to try again. */
function resting(tools: Tools, call: Call): AppError {
  const waits = call.eligible.map(({ model }, at) => memberOf(tools, call, at).health.of(model).reopensInMs)
  const names = call.eligible.map((_, at) => memberOf(tools, call, at).address).join(', ')
  return appError('upstream.resting', {
    upstream: names,
    seconds: Math.max(1, Math.ceil(Math.min(...waits) / 1000)),
  })
}

function nobodyTakes({ members }: Tools, { named, request }: Call): AppError {
  const pin = fieldOf(request.headers, 'x-shoal-upstream')
  const known = members.map(({ settings }) => settings.name).join(', ')
  if (pin !== undefined) return appError('upstream.unknown', { upstream: pin, known })
  return appError('upstream.no-model', { model: named?.model ?? '', known })
}

/**
 * Audits of local answers: chosen by `route/decide.ts`, sent upstream in the background once the client has its answer,
 * compared, kept, and counted by the test that may demote the specialist. Nothing here can delay or fail a client's call:
 * where there is no room an audit is dropped, which depends on the load of the moment and never on what the call says,
 * so that those which are carried out remain a fair sample.
 */
import type { Clock } from '../../base/clock.ts'
import type { SpecialistId, TaskId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import type { PriceTable } from '../../meter/prices.ts'
import type { AuditSettings } from '../../pipeline/configuration/audit.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AuditChance } from '../../route/decide.ts'
import type { ServedSpecialist } from '../../route/specialist.ts'
import type { Prediction } from '../../task/predictor.ts'
import type { Store } from '../../trace/store.ts'
import { highestRate } from '../../trust/audit-rate.ts'
import type { Call } from '../../wire/call.ts'
import type { ServedTasks } from '../context.ts'
import type { Upstream } from '../upstream.ts'
import { type AuditBudget, auditBudget, type SpendingStore } from './budget.ts'
import { type Audited, auditCall, type ChosenCall, canBeAudited } from './check-call.ts'
import { boundedQueue } from './queue.ts'
import { type AuditWatch, createAuditWatch, type WatchedFigures } from './watch.ts'

/** What the gateway's caller gives. */
export interface AuditOptions {
  readonly settings: AuditSettings
  readonly prices: PriceTable
  readonly store: Pick<Store, 'checks'> & SpendingStore
  readonly registry: Pick<Registry, 'demote' | 'demotion' | 'movedAt' | 'watch'>
  /** Of the draws that choose calls. */
  readonly seed: number
}

/** What the gateway itself gives. */
export interface AuditSurroundings {
  readonly upstream: Upstream | undefined
  readonly tasks: Pick<ServedTasks, 'book'>
  readonly log: Log
  readonly clock: Clock
  readonly bodyLimitBytes: number
  /** Counts and keeps the audit as a call. */
  readonly keep: (call: Call) => void
  /** True while clients' own calls leave room for audits. */
  readonly hasRoom: () => boolean
}

/** `dropped`: chosen, but there was no room; `not-kept`: the upstream answered, but the check could not be written. */
type AuditOutcome = Audited['kind'] | 'dropped' | 'not-kept'
export type AuditCounts = { readonly [outcome in AuditOutcome]: number }

export interface Audits {
  /** The draw for the next call; none where nothing is to be audited now. */
  readonly chance: () => AuditChance | undefined
  readonly saw: (specialist: ServedSpecialist, said: Prediction) => void
  /** Takes a call that was chosen and answered; returns at once. */
  offer(chosen: ChosenCall): void
  readonly counts: AuditCounts
  /** Demotions by this gateway, by task. */
  readonly demotions: ReadonlyMap<TaskId, number>
  /** Sentences for people. */
  readonly problems: readonly string[]
  readonly spentUsdToday: number
  figures(id: SpecialistId): WatchedFigures | undefined
  /** Reads what was spent today and what is known of tasks that nothing serves; the tests are rebuilt meanwhile. */
  start(): Promise<void>
  /** Drops what waits, breaks off what is under way. */
  close(): Promise<void>
}

const mostWaiting = 256
const mostBytes = 64 * 2 ** 20
const atOnce = 4
/** Of so many audits at least this share unreadable is a problem to tell. */
const recentAudits = 20
const unreadableShare = 0.5

/** What the steps of an audit share. */
interface Running {
  readonly options: AuditOptions
  readonly around: AuditSurroundings
  readonly counts: { [outcome in AuditOutcome]: number }
  readonly recent: Map<SpecialistId, Audited['kind'][]>
  readonly closing: AbortController
  readonly budget: AuditBudget
  readonly watch: AuditWatch
}

/** Audits that have not begun. */
export function createAudits(options: AuditOptions, around: AuditSurroundings): Audits {
  const demotions = new Map<TaskId, number>()
  const running = runningOf(options, around, demotions)
  const { budget, watch, counts, closing } = running
  const random = seededRandom(options.seed)
  const queue = boundedQueue<ChosenCall>({
    mostWaiting,
    mostBytes,
    atOnce,
    sizeOf: ({ requestText }) => 2 * requestText.length,
    work: (chosen) => carryOut(running, chosen),
  })
  return {
    chance: () => {
      // Most draws choose nothing whatever the specialist: they cost no more than the draw.
      const draw = random.next()
      if (draw >= highestRate(options.settings.rate)) return undefined
      return around.upstream && budget.hasRoom() ? { draw, rates: watch.rates } : undefined
    },
    saw: watch.saw,
    offer: (chosen) => {
      const isTaken = around.upstream && canBeAudited(chosen) && around.hasRoom() && queue.offer(chosen)
      if (isTaken) budget.noteSent()
      else counts.dropped++
    },
    counts,
    demotions,
    get problems() {
      return [...watch.problems, ...unreadableProblems(running)]
    },
    get spentUsdToday() {
      return budget.spentUsdToday
    },
    figures: watch.figures,
    start: async () => {
      await Promise.all([watch.start(), budget.start(options.store)])
    },
    close: async () => {
      closing.abort()
      counts.dropped += await queue.stop()
      await watch.close()
    },
  }
}

function runningOf(
  options: AuditOptions,
  around: AuditSurroundings,
  demotions: Map<TaskId, number>,
): Running {
  const { settings, store, registry, prices } = options
  const { log, clock, tasks } = around
  return {
    options,
    around,
    counts: { right: 0, wrong: 0, unreadable: 0, failed: 0, dropped: 0, 'not-kept': 0 },
    recent: new Map(),
    closing: new AbortController(),
    budget: auditBudget({ settings, prices, clock }),
    watch: createAuditWatch({
      ...{ store, registry, tasks, log, clock },
      get usualRate() {
        return around.upstream ? settings.rate : 0
      },
      onDemotion: (task) => demotions.set(task, (demotions.get(task) ?? 0) + 1),
    }),
  }
}

/** Never rejects. */
async function carryOut(running: Running, chosen: ChosenCall): Promise<void> {
  const { around, counts, closing } = running
  try {
    const audited = await auditCall({ ...around, upstream: around.upstream! }, chosen, closing.signal)
    around.keep(audited.call)
    running.budget.noteCost(audited.call)
    noteRecent(running, chosen.specialist.certifiedAs, audited.kind)
    counts[await keepCheck(running, chosen, audited)]++
  } catch (cause) {
    counts.dropped++
    if (!closing.signal.aborted) around.log.error({ call: chosen.id, err: cause }, 'an audit met an error')
  }
}

async function keepCheck(
  { watch, around }: Running,
  chosen: ChosenCall,
  { kind, loss }: Audited,
): Promise<AuditOutcome> {
  if (loss === undefined) return kind
  try {
    await watch.keep({
      call: chosen.id,
      task: chosen.form.recognised.served!.task.id,
      specialist: chosen.specialist.certifiedAs,
      atMs: chosen.atMs,
      source: 'audit',
      wrong: loss > 0,
      ...(loss > 0 && loss < 1 && { loss }),
      chosenWith: chosen.chosenWith,
    })
    return kind
  } catch (cause) {
    around.log.error({ call: chosen.id, err: cause }, 'what an audit found could not be kept')
    return 'not-kept'
  }
}

/** Failures say nothing of the answers. */
function noteRecent({ recent }: Running, id: SpecialistId, kind: Audited['kind']): void {
  if (kind === 'failed') return
  recent.set(id, [...(recent.get(id) ?? []), kind].slice(-recentAudits))
}

function unreadableProblems({ recent, watch }: Running): readonly string[] {
  return [...recent].flatMap(([id, kinds]) => {
    const unreadable = kinds.filter((kind) => kind === 'unreadable').length
    if (unreadable < unreadableShare * recentAudits || !watch.figures(id)) return []
    return [
      `Of the last ${kinds.length} audits of ${id} ${unreadable} got an answer of the upstream that is none of the task's, so that ${id} cannot be checked. Has the upstream's model or the form of its answers changed? Then train again.`,
    ]
  })
}

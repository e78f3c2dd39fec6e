/**
 * Keeps the test of every specialist that serves: rebuilt from the checks in the store at the start, carried on by those
 * of this gateway at once and by those of others (another gateway, a person's correction) within seconds. Decisions are
 * made on the checks in the order in which the store has them, so that all gateways see one and the same test.
 */
import type { Clock } from '../../base/clock.ts'
import type { SpecialistId, TaskId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Registry } from '../../registry/registry.ts'
import type { TaskBook } from '../../route/recognise.ts'
import type { ServedSpecialist, ServedTask } from '../../route/specialist.ts'
import type { Prediction } from '../../task/predictor.ts'
import type { Check, Store } from '../../trace/store.ts'
import { type AuditRate, auditRate } from '../../trust/audit-rate.ts'
import { type AuditFigures, type AuditRecord, auditRecord, whyDemoted } from '../../trust/audit-record.ts'
import type { DriftFigures } from '../../trust/drift.ts'
import type { ServedTasks } from '../context.ts'
import { type Demotions, demotions } from './demotions.ts'
import { type VersionDrift, versionDrift } from './version-drift.ts'

export interface AuditWatchOptions {
  readonly store: Pick<Store, 'checks'>
  readonly registry: Pick<Registry, 'demote' | 'demotion' | 'movedAt' | 'watch'>
  readonly tasks: Pick<ServedTasks, 'book'>
  /** Usual share of local answers that is audited; read again and again, since settings may change. */
  readonly usualRate: number
  readonly log: Log
  readonly clock: Clock
  readonly onDemotion: (task: TaskId) => void
}

/** What is known of a specialist that serves. */
export interface WatchedFigures extends AuditFigures, AuditRate {
  /** Absent where the card does not say what is typical, or nothing was asked yet. */
  readonly drift?: DriftFigures
}

export interface AuditWatch {
  /** Probability with which the next local answer is audited, by specialist. */
  readonly rates: ReadonlyMap<SpecialistId, number>
  /** Sentences about specialists that were demoted and not replaced since. */
  readonly problems: readonly string[]
  /** Notes what a specialist said, for the watch on drift. */
  saw(specialist: ServedSpecialist, said: Prediction): void
  /** Keeps a check and carries the test on; throws what the store throws. */
  keep(check: Check): Promise<void>
  figures(id: SpecialistId): WatchedFigures | undefined
  /** Begins to rebuild the tests from the store. */
  start(): Promise<void>
  close(): Promise<void>
}

const tickMs = 1000
/** Ticks between looks at the checks of others, and how many specialists are looked at then. */
const lookEveryTicks = 2
const looksAtOnce = 20
/** Every so many looks all checks are read again: a second correction of a call keeps its old place. */
const wholeEvery = 12

interface Watched {
  readonly task: TaskId
  /** The version that is promoted: its promise is about the answers of all that are asked before it too. */
  readonly specialist: ServedSpecialist
  record: AuditRecord
  readonly drift: VersionDrift
  /** Checks that were read from the store. */
  read: number
  /** When it was promoted, once that was read: checks of before belong to an earlier life. */
  sinceMs: number | undefined
  looks: number
  /** `leaving`: the test has decided, and the pointer has not been moved yet. */
  standing: 'serves' | 'leaving' | 'demoted'
  /** The last reading: readings of one specialist follow one another. */
  reading: Promise<void>
}

interface Watching {
  readonly options: AuditWatchOptions
  readonly watched: Map<SpecialistId, Watched>
  readonly rates: Map<SpecialistId, number>
  readonly demotions: Demotions
  book: TaskBook | undefined
  /** The usual rate that the rates were set by. */
  usual: number
  ticks: number
  /** Place of the next specialist whose checks are looked at. */
  next: number
}

/** A watch that has not begun. */
export function createAuditWatch(options: AuditWatchOptions): AuditWatch {
  const watching: Watching = {
    options,
    watched: new Map(),
    rates: new Map(),
    demotions: demotions(options),
    book: undefined,
    usual: options.usualRate,
    ticks: 0,
    next: 0,
  }
  let timer: NodeJS.Timeout | undefined
  let stopWatching: (() => void) | undefined
  let ticking: Promise<void> = Promise.resolve()
  return {
    rates: watching.rates,
    get problems() {
      return watching.demotions.sentences
    },
    saw: (specialist, said) => saw(watching, specialist, said),
    keep: async (check) => {
      await options.store.checks.put(check)
      const watched = watching.watched.get(check.specialist)
      if (watched) await readOn(watching, watched)
    },
    figures: (id) => {
      const watched = watching.watched.get(id)
      return watched && figuresOf(watching, watched)
    },
    start: async () => {
      stopWatching = options.registry.watch((task, serving) => {
        void watching.demotions.note(task)
        const again = serving && watching.watched.get(serving)
        if (!again) return
        again.standing = 'serves'
        void readAgain(watching, again)
      })
      ticking = followBook(watching)
      await watching.demotions.noteIdle(options.tasks.book)
      timer = setInterval(() => {
        ticking = ticking.then(() => tick(watching))
      }, tickMs)
      timer.unref()
    },
    close: async () => {
      clearInterval(timer)
      stopWatching?.()
      await ticking
      await Promise.all([...watching.watched.values()].map((one) => one.reading))
    },
  }
}

/** Never rejects. */
async function tick(watching: Watching): Promise<void> {
  await followBook(watching)
  setUsual(watching)
  watching.ticks++
  for (const one of watching.watched.values()) if (one.standing === 'leaving') await demote(watching, one)
  if (watching.ticks % lookEveryTicks !== 0) return
  const all = [...watching.watched.values()]
  for (let looked = 0; looked < Math.min(looksAtOnce, all.length); looked++) {
    const watched = all[watching.next++ % all.length]!
    if (++watched.looks % wholeEvery === 0) await readAgain(watching, watched)
    else await readOn(watching, watched)
  }
}

/** Sets all rates anew where the settings were read again. */
function setUsual(watching: Watching): void {
  const usual = watching.options.usualRate
  if (usual === watching.usual) return
  watching.usual = usual
  for (const one of watching.watched.values())
    watching.rates.set(one.specialist.id, figuresOf(watching, one).rate)
}

/** Begins to watch what serves by now, and forgets what no longer does. */
async function followBook(watching: Watching): Promise<void> {
  const { book } = watching.options.tasks
  if (book === watching.book) return
  watching.book = book
  const serving = new Map<SpecialistId, Watched>()
  for (const task of book.ids)
    for (const specialist of promisingOf(book.get(task)))
      if (!specialist.isVoid && specialist.certificate.threshold !== undefined)
        serving.set(specialist.id, watching.watched.get(specialist.id) ?? newlyWatched(task, specialist))
  const fresh = [...serving.values()].filter((one) => !watching.watched.has(one.specialist.id))
  for (const id of watching.watched.keys()) if (!serving.has(id)) watching.rates.delete(id)
  watching.watched.clear()
  for (const [id, one] of serving) watching.watched.set(id, one)
  // Which calls are chosen may depend on what was known so far, be it much or nothing: no need to wait for the readings.
  for (const one of fresh) watching.rates.set(one.specialist.id, figuresOf(watching, one).rate)
  for (const one of fresh) await readOn(watching, one)
}

/** Of the specialists of a task the one whose certificate it is. */
function promisingOf(served: ServedTask | undefined): readonly ServedSpecialist[] {
  return (served?.specialists ?? []).filter(({ id, certifiedAs }) => id === certifiedAs)
}

function newlyWatched(task: TaskId, specialist: ServedSpecialist): Watched {
  return {
    task,
    specialist,
    record: auditRecord(specialist.certificate),
    drift: versionDrift(),
    read: 0,
    sinceMs: undefined,
    looks: 0,
    standing: 'serves',
    reading: Promise.resolve(),
  }
}

/** Reads the checks that are new since the last reading; never rejects. */
function readOn(watching: Watching, watched: Watched): Promise<void> {
  watched.reading = watched.reading.then(async () => {
    const { store, log } = watching.options
    try {
      const sinceMs = watched.sinceMs ?? (await promotedAt(watching, watched.task))
      watched.sinceMs = sinceMs
      for await (const check of store.checks.iterate(watched.specialist.id, { skip: watched.read })) {
        watched.read++
        if (check.atMs >= sinceMs) watched.record.add(check)
      }
      await weigh(watching, watched)
    } catch (cause) {
      log.error({ specialist: watched.specialist.id, err: cause }, 'checks could not be read')
    }
  })
  return watched.reading
}

/** Reads all checks since the promotion; never rejects. */
function readAgain(watching: Watching, watched: Watched): Promise<void> {
  watched.reading = watched.reading.then(() => {
    watched.record = auditRecord(watched.specialist.certificate)
    watched.sinceMs = undefined
    watched.read = 0
  })
  return readOn(watching, watched)
}

/** A clock that was set back since must not hide the checks to come. */
async function promotedAt({ options }: Watching, task: TaskId): Promise<number> {
  const movedAt = await options.registry.movedAt(task)
  return movedAt === undefined ? 0 : Math.min(Date.parse(movedAt), options.clock.nowMs())
}

/** Sets the rate by what is known now, and demotes where the test has said so. */
async function weigh(watching: Watching, watched: Watched): Promise<void> {
  const { specialist } = watched
  if (watching.watched.get(specialist.id) !== watched) return
  const figures = figuresOf(watching, watched)
  watching.rates.set(specialist.id, figures.rate)
  if (!figures.hasLeft || watched.standing !== 'serves') return
  watched.standing = 'leaving'
  await demote(watching, watched)
}

async function demote(watching: Watching, watched: Watched): Promise<void> {
  const { registry, log, onDemotion } = watching.options
  const { specialist, task } = watched
  const figures = figuresOf(watching, watched)
  const why = whyDemoted(figures, specialist.certificate)
  try {
    await registry.demote(task, why, specialist.id)
    log.error({ task, specialist: specialist.id, ...figures }, `${specialist.id} was demoted: ${why}`)
    watched.standing = 'demoted'
    onDemotion(task)
    await watching.demotions.note(task)
  } catch (cause) {
    log.error({ task, specialist: specialist.id, err: cause }, 'a specialist could not be demoted')
  }
}

function saw(watching: Watching, specialist: ServedSpecialist, said: Prediction): void {
  const { certifiedAs } = specialist
  const watched = watching.watched.get(certifiedAs)
  if (!watched?.drift.add(specialist, said)) return
  const { rate, drift } = figuresOf(watching, watched)
  const before = watching.rates.get(certifiedAs)
  watching.rates.set(certifiedAs, rate)
  if (before !== rate && drift)
    watching.options.log.warn(
      { specialist: certifiedAs, drifting: drift.drifting, rate },
      'the audit rate moved',
    )
}

function figuresOf({ options }: Watching, watched: Watched): WatchedFigures {
  const { specialist, record, drift } = watched
  const figures = record.figures()
  const drifting = drift.figures()
  const rate = auditRate({
    usual: options.usualRate,
    certificate: specialist.certificate,
    audited: figures.audited,
    evidence: figures.evidence,
    foundWrong: figures.foundWrong,
    isDrifting: (drifting?.drifting.length ?? 0) > 0,
    hasBudget: true,
    hasLeft: figures.hasLeft,
  })
  return { ...figures, ...rate, ...(drifting && { drift: drifting }) }
}

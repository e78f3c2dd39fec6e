/**
 * Trains tasks by themselves when their policy says so: counts the calls that the upstream answered since the last
 * training, has one training at a time done in a process of its own, and promotes what is certified and no worse.
 */
import type { Clock } from '../base/clock.ts'
import { type SpecialistId, specialistId, type TaskId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { AutoSettings, TaskSettings } from '../pipeline/configuration/tasks.ts'
import type { Registry } from '../registry/registry.ts'
import type { Store } from '../trace/store.ts'
import { parseCard } from '../trust/card.ts'
import type { Call } from '../wire/call.ts'
import type { CallRecorder } from './context.ts'

/** Trains a task in a process of its own, promotes nothing, and says which specialist came of it; throws what went wrong. */
export type TrainTask = (task: TaskId, options: TrainTaskOptions) => Promise<SpecialistId>

export interface TrainTaskOptions {
  readonly risk?: number
  readonly delta?: number
  /** Absent: the smallest. */
  readonly tier?: AutoSettings['tier']
  readonly signal: AbortSignal
}

export interface AutoTrainingOptions {
  readonly store: Pick<Store, 'calls' | 'tasks'>
  readonly registry: Registry
  readonly train: TrainTask
  /** The settings of this moment, by task. */
  readonly settings: () => { readonly [task: string]: TaskSettings }
  readonly log: Log
  readonly clock: Clock
  readonly everyMs?: number
  /** Tests give one that needs no whole card. */
  readonly readCard?: (id: SpecialistId, card: unknown) => CardFigures
}

/** What matters of a card here. */
export interface CardFigures {
  /** Share of the test rows that the certificate lets the specialist answer. */
  readonly coverage: number
  /** Rows that it was made from. */
  readonly rows: number
}

export interface AutoTraining {
  /** Notes a call that was kept. */
  saw(call: Call): void
  /** Stops a training under way and waits until its process has ended. */
  close(): Promise<void>
}

/** What is known of a task since its last training. */
interface Progress {
  /** The newest version when it was counted, and the setting that it was counted by. */
  version: number
  after: number
  calls: number
  needed: number
}

const lookEveryMs = 5000

/** Begins to look after tasks whose settings have `auto`. */
export function startAutoTraining(options: AutoTrainingOptions): AutoTraining {
  const known = new Map<TaskId, Progress>()
  const troubles = new Map<string, string>()
  const stopping = new AbortController()
  let looking: Promise<void> | undefined
  const look = (): void => {
    looking ??= lookOnce(options, { known, troubles, signal: stopping.signal }).finally(() => {
      looking = undefined
    })
  }
  const timer = setInterval(look, options.everyMs ?? lookEveryMs)
  timer.unref()
  look()
  return {
    saw: (call) => {
      const progress = call.task === undefined ? undefined : known.get(call.task)
      if (progress && isAnswered(call)) progress.calls++
    },
    close: async () => {
      clearInterval(timer)
      stopping.abort()
      await looking
    },
  }
}

/** A recorder with somebody who sees what is kept. */
export function watched(recorder: CallRecorder, saw: (call: Call) => void): CallRecorder {
  return {
    record: (call) => {
      recorder.record(call)
      saw(call)
    },
    recordDurably: async (call) => {
      await recorder.recordDurably(call)
      saw(call)
    },
    flush: () => recorder.flush(),
    get counters() {
      return recorder.counters
    },
  }
}

function isAnswered({ servedBy, status }: Call): boolean {
  return servedBy === 'upstream' && status >= 200 && status < 300
}

interface Looking {
  readonly known: Map<TaskId, Progress>
  /** Task → what kept it from being looked at last; each is told once. */
  readonly troubles: Map<string, string>
  readonly signal: AbortSignal
}

/** One task after the other: two trainings at once would take the processors from the calls. A task in trouble keeps no other waiting. */
async function lookOnce(options: AutoTrainingOptions, looking: Looking): Promise<void> {
  const { troubles, signal } = looking
  for (const [task, settings] of Object.entries(options.settings())) {
    if (signal.aborted) return
    try {
      await lookAt(options, looking, { task: task as TaskId, settings })
      troubles.delete(task)
    } catch (cause) {
      const problem = String(cause)
      if (troubles.get(task) !== problem)
        options.log.error({ task, err: cause }, 'whether to train by itself could not be found out')
      troubles.set(task, problem)
    }
  }
}

async function lookAt(
  options: AutoTrainingOptions,
  { known, signal }: Looking,
  { task, settings: { auto, ...said } }: { readonly task: TaskId; readonly settings: TaskSettings },
): Promise<void> {
  if (!auto) return
  const progress = await progressOf(options, known, { task, auto })
  if (progress.calls < progress.needed || (await isPaused(options, task, said))) return
  await trainOnce(options, { task, auto, said, signal })
  // A training that failed is tried again after as many calls again.
  progress.needed = progress.calls + auto.after
}

/** Counts again where nothing is known yet, somebody has trained the task meanwhile, or the setting has changed. */
async function progressOf(
  options: AutoTrainingOptions,
  known: Map<TaskId, Progress>,
  { task, auto }: { readonly task: TaskId; readonly auto: AutoSettings },
): Promise<Progress> {
  const { store, registry } = options
  const version = (await registry.versions(task)).at(-1) ?? 0
  const before = known.get(task)
  if (before?.version === version && before.after === auto.after) return before
  const last = version === 0 ? undefined : await figuresOf(options, specialistId(task, version))
  const needed = Math.max(auto.after, Math.ceil((last?.rows ?? 0) / 2))
  const calls = await store.calls.count({
    task,
    answeredByUpstream: true,
    limit: needed,
    ...(last && { sinceMs: last.atMs }),
  })
  const progress = { version, after: auto.after, calls, needed }
  known.set(task, progress)
  return progress
}

async function figuresOf(
  { registry, readCard = readFigures }: AutoTrainingOptions,
  id: SpecialistId,
): Promise<CardFigures & { readonly atMs: number }> {
  const { createdAt, card } = (await registry.describe(id)).manifest
  return { ...readCard(id, card), atMs: Date.parse(createdAt) }
}

function readFigures(id: SpecialistId, card: unknown): CardFigures {
  const { data, certificate } = parseCard(card, id)
  return {
    coverage: certificate.threshold === undefined ? 0 : certificate.test.coverage,
    rows: data.train.rows + data.calibration.rows + data.test.rows,
  }
}

async function isPaused(
  { store }: AutoTrainingOptions,
  task: TaskId,
  said: Omit<TaskSettings, 'auto'>,
): Promise<boolean> {
  return said.paused ?? (await store.tasks.get(task))?.paused ?? false
}

interface Training extends Pick<Looking, 'signal'> {
  readonly task: TaskId
  readonly auto: AutoSettings
  readonly said: Omit<TaskSettings, 'auto'>
}

async function trainOnce(options: AutoTrainingOptions, training: Training): Promise<void> {
  const { task, auto, said, signal } = training
  const { log, clock, registry } = options
  const began = clock.monotonicMs()
  log.info({ task }, 'a training begins by itself')
  try {
    const { risk, delta } = said
    const specialist = await options.train(task, {
      ...(risk !== undefined && { risk }),
      ...(delta !== undefined && { delta }),
      ...(auto.tier !== undefined && { tier: auto.tier }),
      signal,
    })
    const seconds = Math.round((clock.monotonicMs() - began) / 1000)
    const why =
      auto.promote === 'never' ? 'a person promotes' : await whyNotPromoted(options, task, specialist)
    if (why === undefined) await registry.promote(specialist)
    log.info(
      { task, specialist, seconds, promoted: why === undefined, ...(why && { why }) },
      'trained by itself',
    )
  } catch (cause) {
    if (!signal.aborted) log.error({ task, err: cause }, 'a training that began by itself failed')
  }
}

/** `undefined` where it may serve: certified to answer something, and at least as much as what serves. */
async function whyNotPromoted(
  options: AutoTrainingOptions,
  task: TaskId,
  specialist: SpecialistId,
): Promise<string | undefined> {
  const { registry } = options
  const { coverage: next } = await figuresOf(options, specialist)
  if (next === 0) return 'its certificate lets it answer nothing'
  const demotion = await registry.demotion(task)
  if (demotion) return `${demotion.was} was demoted (${demotion.why}), and a person has to promote after that`
  const serving = await registry.promoted(task)
  const now = serving === undefined ? 0 : (await figuresOf(options, serving)).coverage
  if (next >= now) return undefined
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
  return `it would answer ${percent(next)} of the calls and ${serving} answers ${percent(now)}`
}

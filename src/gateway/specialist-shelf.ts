/**
 * The weights that are in memory: loaded when a specialist is first asked, and kept within a limit: where they do not
 * all fit, those that were not asked for longest leave. A specialist looks the same to the cascade in and out of
 * memory; only that it answers later when it is out.
 */
import { AppError, appError } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import { createScratch, type Scratch } from '../base/scratch.ts'
import type { CalibratedPredictor } from '../trust/calibrated-predictor.ts'

/** Numbers for the metrics; the last three since the start. */
export interface ShelfCounts {
  readonly loaded: number
  readonly sizeBytes: number
  readonly loads: number
  readonly failures: number
  readonly evictions: number
}

/** A specialist on the shelf. */
export interface Shelved {
  /** Loads its weights where they are out of memory. */
  readonly predictor: CalibratedPredictor
  /** Loads the weights now; rejects where that fails. */
  load(): Promise<void>
}

export interface SpecialistShelf {
  add(id: SpecialistId, source: ShelfSource): Shelved
  readonly counts: ShelfCounts
}

/** Where the weights of a specialist come from. */
export interface ShelfSource {
  /** About how much memory they take, for making room before they are read. */
  readonly sizeBytes: number
  /** Loads them by way of scratch memory, of which nothing is held on to. */
  open(scratch: Scratch): Promise<CalibratedPredictor>
  /** A load ended: with what failed, or with nothing. */
  onLoaded(cause?: unknown): void
}

export interface ShelfOptions {
  readonly limitBytes: number
  /** How long a call waits for weights; it then goes on without the specialist, which goes on loading. */
  readonly waitMs?: number
}

/** Loads at one moment: each holds up the thread for a millisecond, and calls should come between. */
const mostLoading = 2
/** After a failed load calls are refused for so long without trying again. */
const failedForMs = 5000
const defaultWaitMs = 2000

interface Entry {
  readonly id: SpecialistId
  readonly source: ShelfSource
  predictor: CalibratedPredictor | undefined
  loading: Promise<CalibratedPredictor> | undefined
  failed: { readonly cause: unknown; readonly untilMs: number } | undefined
  /** Predictions under way in several steps, during which it stays. */
  asked: number
  /** When it was asked last, by the shelf's own count. */
  lastAsked: number
  isDisposed: boolean
}

interface Shelf {
  readonly limitBytes: number
  readonly waitMs: number
  readonly inMemory: Set<Entry>
  /** One for each load that may go on. */
  readonly scratches: Scratch[]
  readonly waiting: ((scratch: Scratch) => void)[]
  readonly counts: { -readonly [K in keyof ShelfCounts]: number }
  asked: number
}

/** An empty shelf. */
export function createSpecialistShelf(options: ShelfOptions): SpecialistShelf {
  const shelf: Shelf = {
    limitBytes: options.limitBytes,
    waitMs: options.waitMs ?? defaultWaitMs,
    inMemory: new Set(),
    scratches: Array.from({ length: mostLoading }, createScratch),
    waiting: [],
    counts: { loaded: 0, sizeBytes: 0, loads: 0, failures: 0, evictions: 0 },
    asked: 0,
  }
  return {
    counts: shelf.counts,
    add: (id, source) => {
      const entry: Entry = {
        ...{ id, source, asked: 0, lastAsked: 0, isDisposed: false },
        ...{ predictor: undefined, loading: undefined, failed: undefined },
      }
      return {
        predictor: predictorOf(shelf, entry),
        load: async () => {
          await loaded(shelf, entry)
        },
      }
    },
  }
}

/** The predictor that the cascade is given: it answers inline as long as the weights are in memory. */
function predictorOf(shelf: Shelf, entry: Entry): CalibratedPredictor {
  return {
    get inline() {
      entry.lastAsked = ++shelf.asked
      return entry.predictor?.inline
    },
    get sizeBytes() {
      return entry.predictor?.sizeBytes ?? 0
    },
    async predict(inputs, options) {
      entry.lastAsked = ++shelf.asked
      entry.asked++
      let isLost = false
      try {
        const predictor = entry.predictor ?? (await inTime(shelf, entry))
        return await predictor.predict(inputs, options)
      } catch (cause) {
        // Its sessions went with the worker: the next call loads it again.
        isLost ||= cause instanceof AppError && cause.code === 'runtime.worker-lost'
        throw cause
      } finally {
        entry.asked--
        if (entry.isDisposed || isLost) await letGo(shelf, entry)
      }
    },
    async dispose() {
      entry.isDisposed = true
      await letGo(shelf, entry)
    },
  }
}

/** The weights, if they come in time; throws `gateway.weights-late`, or what loading threw. */
async function inTime(shelf: Shelf, entry: Entry): Promise<CalibratedPredictor> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(appError('gateway.weights-late', { specialist: entry.id, waited: `${shelf.waitMs} ms` })),
      shelf.waitMs,
    )
  })
  try {
    return await Promise.race([loaded(shelf, entry), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The weights, loaded where they are out; calls that come meanwhile wait for the same load. */
async function loaded(shelf: Shelf, entry: Entry): Promise<CalibratedPredictor> {
  if (entry.predictor) return entry.predictor
  if (entry.failed && performance.now() < entry.failed.untilMs) throw entry.failed.cause
  entry.loading ??= load(shelf, entry).finally(() => {
    entry.loading = undefined
  })
  return entry.loading
}

async function load(shelf: Shelf, entry: Entry): Promise<CalibratedPredictor> {
  const { counts, inMemory } = shelf
  const scratch = shelf.scratches.pop() ?? (await turn(shelf))
  try {
    await makeRoom(shelf, entry.source.sizeBytes)
    const predictor = await entry.source.open(scratch)
    entry.predictor = predictor
    entry.failed = undefined
    inMemory.add(entry)
    counts.loads++
    recount(shelf)
    await makeRoom(shelf, 0, entry) // Weights may take more than their files, and another load may have ended.
    if (entry.isDisposed) await letGo(shelf, entry)
    entry.source.onLoaded()
    return predictor
  } catch (cause) {
    counts.failures++
    entry.failed = { cause, untilMs: performance.now() + failedForMs }
    entry.source.onLoaded(cause)
    throw cause
  } finally {
    scratch.reset()
    const next = shelf.waiting.shift()
    if (next) next(scratch)
    else shelf.scratches.push(scratch)
  }
}

/** Waits for the scratch memory of a load that ends. */
function turn(shelf: Shelf): Promise<Scratch> {
  return new Promise((resolve) => {
    shelf.waiting.push(resolve)
  })
}

/** Lets go of those asked longest ago until that many bytes fit; those being asked stay. */
async function makeRoom(shelf: Shelf, sizeBytes: number, staying?: Entry): Promise<void> {
  const { counts, inMemory, limitBytes } = shelf
  while (counts.sizeBytes + sizeBytes > limitBytes) {
    let oldest: Entry | undefined
    for (const entry of inMemory) {
      if (entry === staying || entry.asked > 0) continue
      if (oldest === undefined || entry.lastAsked < oldest.lastAsked) oldest = entry
    }
    if (!oldest) return // One that is larger than the limit is served all the same, alone.
    counts.evictions++
    await letGo(shelf, oldest)
  }
}

/** Gives the memory back, unless a prediction is under way: then its end does. */
async function letGo(shelf: Shelf, entry: Entry): Promise<void> {
  const { predictor } = entry
  if (!predictor || entry.asked > 0) return
  entry.predictor = undefined
  shelf.inMemory.delete(entry)
  const disposed = predictor.dispose()
  recount(shelf)
  await disposed
}

/** Sizes change as others come and go: what several share is divided among those that are there. */
function recount({ counts, inMemory }: Shelf): void {
  counts.loaded = inMemory.size
  counts.sizeBytes = 0
  for (const { predictor } of inMemory) counts.sizeBytes += predictor?.sizeBytes ?? 0
}

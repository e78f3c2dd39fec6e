/**
 * Batches of rows of near-equal length: each is padded to a multiple of a width, so that short texts are cheap.
 * The order is shuffled; batches of one width follow one another in short runs, which share a call of the runtime.
 */
import { assert } from '../../base/errors.ts'
import { type Random, seededRandom } from '../../base/random.ts'

/** Rows that are trained on together, padded to `time` positions. */
export interface Batch {
  readonly rows: Int32Array
  readonly time: number
}

export interface BatchOptions {
  readonly seed: number
  readonly epochs: number
  /** Rows of a batch at most. */
  readonly rows: number
  /** Positions of a batch at most, padding included; a row that is longer is a batch by itself. No limit by default. */
  readonly tokens?: number
  /** Lengths are rounded up to multiples of this. */
  readonly width?: number
  /** Batches of one width that follow one another at most. */
  readonly run?: number
}

const defaults = { width: 8, run: 4 }

/** All epochs' batches in order: every row once an epoch, the same for the same seed. */
export function planBatches(lengths: ArrayLike<number>, options: BatchOptions): readonly Batch[] {
  const random = seededRandom(options.seed).fork('batches')
  return Array.from({ length: options.epochs }, (_, epoch) =>
    epochBatches(lengths, options, random.fork(`epoch ${epoch} of ${options.seed}`)),
  ).flat()
}

function epochBatches(lengths: ArrayLike<number>, options: BatchOptions, random: Random): readonly Batch[] {
  const { run = defaults.run } = options
  const batches = cutBatches(lengths, options, random)
  const byTime = grouped(batches, ({ time }) => time)
  const runs = [...byTime.values()].flatMap((same) => cutEvenly(same, run))
  return random.shuffle(runs).flat()
}

/** Rows in shuffled order, cut width by width; what does not fill a batch goes on to the next wider. */
function cutBatches(lengths: ArrayLike<number>, options: BatchOptions, random: Random): readonly Batch[] {
  const { width = defaults.width, rows, tokens = Number.POSITIVE_INFINITY } = options
  assert(rows >= 1 && width >= 1, 'a batch has at least one row, and widths are at least 1')
  const shuffled = random.shuffle(Int32Array.from({ length: lengths.length }, (_, row) => row))
  const timeOf = (row: number): number => Math.max(1, Math.ceil(lengths[row]! / width)) * width
  const buckets = [...grouped(shuffled, timeOf)].sort(([a], [b]) => a - b)
  const batches: Batch[] = []
  let rest: readonly number[] = []
  for (const [place, [time, own]] of buckets.entries()) {
    const size = Math.max(1, Math.min(rows, Math.floor(tokens / time)))
    const all = random.shuffle([...rest, ...own])
    const isWidest = place === buckets.length - 1
    const full = isWidest ? all.length : all.length - (all.length % size)
    for (let at = 0; at < full; at += size)
      batches.push({ rows: Int32Array.from(all.slice(at, at + size)), time })
    rest = all.slice(full)
  }
  return batches
}

/** Parts of at most `most`, as equal as can be. */
function cutEvenly<T>(items: readonly T[], most: number): readonly (readonly T[])[] {
  const parts = Math.ceil(items.length / most)
  return Array.from({ length: parts }, (_, part) =>
    items.slice(Math.round((part * items.length) / parts), Math.round(((part + 1) * items.length) / parts)),
  )
}

function grouped<T>(items: Iterable<T>, keyOf: (item: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

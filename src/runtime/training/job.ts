/** A training run as its process gets it: data that can be sent, and what the two say to each other. */
import { createHash } from 'node:crypto'
import type { TrainingModel } from '../../onnx/lower-training.ts'
import type { CarriedError } from '../carried-error.ts'
import type { Batch } from './batches.ts'
import type { Column } from './columns.ts'

export interface TrainingJob {
  readonly name: string
  readonly model: TrainingModel
  readonly batches: readonly Batch[]
  readonly columns: readonly Column[]
  readonly seed: number
  readonly microTokens?: number
  /** Values for each optimizer step of the whole plan. */
  readonly schedule: Readonly<Record<string, Float32Array>>
  /** Speed is measured before the steps are decided. */
  readonly measure: boolean
  readonly checkpoints?: { readonly folder: string; readonly everyMs: number }
  readonly threads: number
  readonly runtimeFolder?: string
  /** Held while the run goes on, where it needs much memory. */
  readonly lock?: string
  /** How long the lock is waited for; without it until it is free. */
  readonly lockWaitMs?: number
}

/** What the process that trains is told, in this order; starting tensors come one by one. */
export type ToTraining =
  | { readonly kind: 'job'; readonly job: TrainingJob }
  | { readonly kind: 'tensor'; readonly name: string; readonly data: Float32Array }
  | { readonly kind: 'prepare' }
  | {
      readonly kind: 'begin'
      readonly steps: number
      readonly schedule: Readonly<Record<string, Float32Array>>
    }

export type FromTraining =
  | ReadyMessage
  | WaitingMessage
  | ChunkMessage
  | { readonly kind: 'tensor'; readonly name: string; readonly data: Float32Array }
  | DoneMessage
  | { readonly kind: 'failed'; readonly error: CarriedError }

export interface ReadyMessage {
  readonly kind: 'ready'
  /** Seconds that a position took, where that was to be measured and nothing was resumed. */
  readonly secondsPerToken?: number
  /** The checkpoint that the run goes on from. */
  readonly resumed?: { readonly step: number; readonly steps: number }
  /** Checkpoints that were passed over because they are damaged. */
  readonly damaged: readonly string[]
}

/** Another process holds the lock, and this one waits for it. */
export interface WaitingMessage {
  readonly kind: 'waiting'
  readonly pid: number
  /** What it trains, and since when (ISO 8601). */
  readonly work: string
  readonly since: string
}

export interface ChunkMessage {
  readonly kind: 'chunk'
  /** Steps done. */
  readonly step: number
  readonly loss?: number
  readonly tokens: number
  readonly seconds: number
}

export interface DoneMessage {
  readonly kind: 'done'
  /** One value a step. */
  readonly reports: Readonly<Record<string, Float32Array>>
  readonly peakBytes: number
}

/** Digest of all that decides the weights that come out: another plan never resumes from this one's checkpoints. */
export function planDigest(job: TrainingJob, start: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash('sha256')
  const add = (label: string, data: ArrayBufferView): void => {
    hash.update(`${label}:${data.byteLength};`)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  const { bytes, ...about } = job.model
  add('model', bytes)
  hash.update(JSON.stringify([about, job.seed, job.microTokens ?? null, job.measure]))
  for (const { rows, time } of job.batches) add(String(time), rows)
  for (const column of job.columns) {
    hash.update(JSON.stringify([column.kind, column.name, 'pad' in column ? column.pad : 0]))
    if ('data' in column) add('data', column.data)
    if ('weights' in column) add('weights', column.weights)
    if ('starts' in column && column.starts) add('starts', column.starts)
    if ('rate' in column) hash.update(String(column.rate))
    if ('below' in column) hash.update(String(column.below))
  }
  for (const [name, values] of Object.entries(job.schedule)) add(name, values)
  for (const [name, data] of start) add(name, data)
  return hash.digest('hex')
}

// Fits the distance of novelty and measures with it, in a thread of its own where it would hold up the calling one: a
// second or more for a thousand rows of a wide encoder.
import type { WorkOptions } from '../../base/progress.ts'
import { runTraining } from '../nano/training-thread.ts'
import { type ClassedVectors, fitNovelty, type NoveltyTensors, noveltyDistances } from './novelty.ts'

/** What is fitted, and on which rows of the vectors it is asked. */
export interface NoveltyJob {
  readonly vectors: ClassedVectors
  /** Rows that it is fitted on. */
  readonly known: Int32Array
  /** Rows whose distances are wanted. */
  readonly asked: Int32Array
}

/** A fitted distance, and the squared distances of the rows asked about. */
export interface FoundNovelty {
  readonly novelty: NoveltyTensors
  readonly distances: Float64Array
}

/** Multiplications that are done where they are asked for: some 10 ms. */
const mostAtOnce = 5e6

/** Fits and measures; rejects with `cancelled` when the signal fires. */
export async function findNovelty(job: NoveltyJob, options: WorkOptions = {}): Promise<FoundNovelty> {
  if (multiplications(job) <= mostAtOnce) return noveltyOf(job)
  return runTraining<FoundNovelty>(new URL('./novelty.worker.ts', import.meta.url), job, options)
}

/** The same on this thread. */
export function noveltyOf({ vectors, known, asked }: NoveltyJob): FoundNovelty {
  const novelty = fitNovelty(vectors, known)
  return { novelty, distances: noveltyDistances(novelty, vectors, asked) }
}

/** Covariance, its inverse, and the whitening of the rows asked about. */
function multiplications({ vectors: { width }, known, asked }: NoveltyJob): number {
  return width ** 2 * (known.length / 2 + width / 3 + asked.length)
}

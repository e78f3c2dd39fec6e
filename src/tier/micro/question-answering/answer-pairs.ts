// Answers to pairs of texts by a trained reader: what it found in each, and how novel each is.

import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import type { EncoderSession } from '../../../model/encoder/encoder-session.ts'
import type { NoveltySigns } from '../usual.ts'
import { type FindOptions, type FoundSpan, findSpan } from './find-span.ts'
import type { ReadPair } from './question-rows.ts'
import type { QuestionWindow } from './question-windows.ts'
import { type ScoredWindows, scoreQuestionWindows } from './reader-session.ts'

/** What is known of a pair; nothing of a text without tokens. */
export interface PairAnswer {
  readonly found?: FoundSpan
  readonly novelty?: NoveltySigns
}

export interface AnsweredPairs {
  readonly answers: readonly PairAnswer[]
  /** Vectors of the windows that answers were found in, where the session gives them: a pair without one has none. */
  readonly features?: readonly (Float32Array | undefined)[]
}

/** What a reader says of all windows of all pairs. */
export interface ReadPairs {
  readonly pairs: readonly ReadPair[]
  readonly scored: ScoredWindows
}

/** Reads all windows of all pairs together. */
export async function readPairs(
  session: EncoderSession,
  pairs: readonly ReadPair[],
  options: { readonly config: EncoderConfig; readonly signal?: AbortSignal },
): Promise<ReadPairs> {
  const windows = pairs.flatMap((pair) => pair.windows)
  return { pairs, scored: await scoreQuestionWindows(session, windows, options) }
}

/** The best answer of each pair. */
export function answersOf({ pairs, scored }: ReadPairs, options: FindOptions): AnsweredPairs {
  const windows = pairs.flatMap((pair) => pair.windows)
  const first = firstWindows(pairs)
  const founds = pairs.map((pair, at) =>
    findSpan(pair, scored.scores.slice(first[at], first[at]! + pair.windows.length), options),
  )
  return {
    answers: founds.map((found, at) => ({
      ...(found && { found, novelty: noveltyOf(found, scored, first[at]!) }),
    })),
    ...(scored.features && {
      features: founds.map((found, at) => found && vectorOf(scored, windows, first[at]! + found.window)),
    }),
  }
}

function firstWindows(pairs: readonly ReadPair[]): readonly number[] {
  let next = 0
  return pairs.map(({ windows }) => {
    const own = next
    next += windows.length
    return own
  })
}

/** How unsure the reader is of the place, and how far the window lies from those of the training. */
function noveltyOf({ signs, window }: FoundSpan, { distances }: ScoredWindows, first: number): NoveltySigns {
  return {
    logit: -signs.places,
    distance: Math.sqrt(Math.max(0, distances?.[first + window] ?? 0)),
  }
}

function vectorOf(
  { features }: ScoredWindows,
  windows: readonly QuestionWindow[],
  window: number,
): Float32Array {
  const width = features!.length / windows.length
  return features!.subarray(window * width, (window + 1) * width)
}

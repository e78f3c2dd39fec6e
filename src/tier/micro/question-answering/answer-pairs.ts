// Answers to pairs of texts by a trained reader: what it found in each, and how novel each is.

import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import type { EncoderSession } from '../../../model/encoder/encoder-session.ts'
import type { NoveltySigns } from '../usual.ts'
import { type FoundSpan, findSpan } from './find-span.ts'
import type { ReadPair } from './question-rows.ts'
import type { QuestionWindow } from './question-windows.ts'
import { type ScoredWindows, scoreQuestionWindows } from './reader-session.ts'

/** What is known of a pair; nothing of a text without tokens. */
export interface PairAnswer {
  readonly found?: FoundSpan
  readonly novelty?: NoveltySigns
}

export interface ReadOptions {
  readonly config: EncoderConfig
  readonly answerTokens: number
  readonly signal?: AbortSignal
}

export interface AnsweredPairs {
  readonly answers: readonly PairAnswer[]
  /** Vectors of the windows that answers were found in, where the session gives them: a pair without one has none. */
  readonly features?: readonly (Float32Array | undefined)[]
}

/** Reads all windows of all pairs together. */
export async function answerPairs(
  session: EncoderSession,
  pairs: readonly ReadPair[],
  { config, answerTokens, ...options }: ReadOptions,
): Promise<AnsweredPairs> {
  const windows = pairs.flatMap((pair) => pair.windows)
  const scored = await scoreQuestionWindows(session, windows, { config, ...options })
  const first = firstWindows(pairs)
  const founds = pairs.map((pair, at) =>
    findSpan(pair, scored.scores.slice(first[at], first[at]! + pair.windows.length), answerTokens),
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

// What an encoder needs of a time budget beside the steps that train: it reads texts before, and reads those held aside
// after. Steps can be left out where time is short, these passes cannot: a budget that is too short for them is refused.
import { appError } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import type { EncoderSession } from '../../model/encoder/encoder-session.ts'

/** Texts that the time of a pass is measured on: some batches. */
const sampleTexts = 64
/** Fewer are read without measuring. */
const fewTexts = 8 * sampleTexts

/** Milliseconds that a pass over all texts will take, measured on some of them, the first time over to warm up. */
export async function expectedPassMs(
  session: Pick<EncoderSession, 'run'>,
  texts: readonly Int32Array[],
  { signal }: Pick<WorkOptions, 'signal'> = {},
): Promise<number> {
  if (texts.length < fewTexts) return 0
  const every = texts.length / sampleTexts
  const sample = Array.from({ length: sampleTexts }, (_, i) => texts[Math.floor(i * every)]!)
  const pass = (): Promise<void> => session.run(sample, () => {}, signal && { signal })
  await pass()
  const beganMs = performance.now()
  await pass()
  return ((performance.now() - beganMs) * tokensIn(texts)) / Math.max(1, tokensIn(sample))
}

/** What a pass needs, and what is left. */
export interface PassTime {
  readonly model: string
  readonly texts: number
  readonly needMs: number
  /** By the clock of `performance.now`; absent: time does not matter. */
  readonly deadline: number | undefined
}

/** Throws `train.budget-too-short` where a pass ends after the time is over. */
export function assertTimeFor({ model, texts, needMs, deadline }: PassTime): void {
  if (deadline === undefined) return
  const leftMs = deadline - performance.now()
  if (needMs < leftMs) return
  throw appError('train.budget-too-short', {
    model,
    texts,
    left: (Math.max(0, leftMs) / 1000).toFixed(1),
    need: (needMs / 1000).toFixed(1),
  })
}

/** Tokens of framed texts. */
export function tokensIn(texts: readonly Int32Array[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0)
}

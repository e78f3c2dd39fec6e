// The signs of novelty of texts: how low the scores of tags are altogether, and how far the text lies from those of the
// training; of a long text its strangest window counts.
import type { NoveltySigns } from '../usual.ts'
import type { ScoredTexts } from './tagger-session.ts'
import type { TextWindow } from './text-windows.ts'

/** Signs of each text; distances are squared, one a window. */
export function signsOfTexts(
  { emissions, distances }: Pick<ScoredTexts, 'emissions' | 'distances'>,
  windows: readonly TextWindow[],
  K: number,
): readonly NoveltySigns[] {
  const furthest = new Float64Array(emissions.length)
  windows.forEach(({ text }, window) => {
    furthest[text] = Math.max(furthest[text]!, distances?.[window] ?? 0)
  })
  return emissions.map((own, text) => ({
    logit: -meanOfLargest(own, K),
    distance: Math.sqrt(furthest[text]!),
  }))
}

function meanOfLargest(emissions: Float32Array, K: number): number {
  const units = emissions.length / K
  if (units === 0) return 0
  let sum = 0
  for (let at = 0; at < emissions.length; at += K) {
    let largest = emissions[at]!
    for (let k = 1; k < K; k++) largest = Math.max(largest, emissions[at + k]!)
    sum += largest
  }
  return sum / units
}

/** Stacks what was just trained on the version before it, where that tells the right answers better. */
import {
  fitStacking,
  type StackedPair,
  stackedHeldAside,
  stackedPrediction,
  stackingRows,
} from '../tier/stacking.ts'
import type { RawPrediction } from '../tier/tier.ts'
import type { PairedExample } from './paired-rows.ts'
import { stackingName } from './target.ts'
import type { Trained } from './trained-card.ts'

/** What is to be certified. */
export interface Stacked {
  readonly trained: Trained
  readonly heldAside: readonly PairedExample[]
}

/** The later tier's answers with what the earlier one's add; as they were, where these add nothing. */
export function stackSecond(
  first: Pick<Trained, 'calibration' | 'test'>,
  { trained, heldAside }: Stacked,
): Stacked {
  const stacking = fitStacking(heldAside.flatMap((row) => stackingRows(pairOf(row))))
  if (!stacking) return { trained, heldAside }
  const both = (part: 'calibration' | 'test'): readonly RawPrediction[] =>
    trained[part].map((said, row) => stackedPrediction(said, first[part][row]!.distribution, stacking))
  const rows = heldAside.map((row) => ({ ...row, second: stackedHeldAside(pairOf(row), stacking) }))
  const seconds = new Map(rows.map(({ example, second }) => [example.id, second]))
  const { artefact, published } = trained
  return {
    heldAside: rows,
    trained: {
      ...trained,
      calibration: both('calibration'),
      test: both('test'),
      artefact: {
        ...artefact,
        heldAside: artefact.heldAside.map((row) => (row.example && seconds.get(row.example)) ?? row),
      },
      published: { ...published, meta: { ...published.meta, [stackingName]: { ...stacking } } },
    },
  }
}

function pairOf({ example: { output }, first, second }: PairedExample): StackedPair {
  return { own: second, earlier: first, output }
}

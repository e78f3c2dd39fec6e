/** Stacks what was just trained on the version before it, where that tells the right answers better. */
import { sameOutput } from '../eval/judge.ts'
import { fitStacking, type Stacking, stackedPrediction } from '../tier/stacking.ts'
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
  const stacking = fitStacking(
    heldAside.flatMap(({ example, first: early, second: late }) => {
      const label = example.output.kind === 'labels' ? example.output.labels[0] : undefined
      return label !== undefined && early.distribution && late.distribution
        ? [{ own: late.distribution, earlier: early.distribution, label }]
        : []
    }),
  )
  if (!stacking) return { trained, heldAside }
  const both = (part: 'calibration' | 'test'): readonly RawPrediction[] =>
    trained[part].map((said, row) => stackedPrediction(said, first[part][row]!.distribution, stacking))
  const rows = heldAside.map((row) => stackedRow(row, stacking))
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

function stackedRow(row: PairedExample, stacking: Stacking): PairedExample {
  const { example, first, second } = row
  const { distribution, score, noveltyScore } = second
  if (!distribution || !first.distribution) return row
  const said = stackedPrediction(
    { output: example.output, score, noveltyScore, distribution },
    first.distribution,
    stacking,
  )
  return {
    ...row,
    second: { ...second, score: said.score, correct: sameOutput(said.output, example.output) },
  }
}

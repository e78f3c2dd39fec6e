/** Trains a tier on texts with entities and scores its answers: what the benches of extraction share. */
import { taskId } from '../src/base/ids.ts'
import type { ExampleSet } from '../src/data/example.ts'
import { exampleId, exampleSet } from '../src/data/example-set.ts'
import { auroc } from '../src/stats/ranking.ts'
import type { Span, Task, TaskInput } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import type { RawPrediction, RawPredictor, Tier, TrainOptions } from '../src/tier/tier.ts'
import type { EntityRow } from './data/entity-sets.ts'
import type { TierRun } from './label-run.ts'

/** A task of the labels that occur in the rows. */
export function entityTask(rows: readonly EntityRow[]): Task {
  const labels = [...new Set(rows.flatMap(({ spans }) => spans.map(({ label }) => label ?? '')))].sort()
  return {
    id: taskId('bench'),
    kind: 'extraction',
    space: { kind: 'spans', labels },
    rendering: { kind: 'text', before: '', after: '' },
    risk: { risk: 0.02, delta: 0.05 },
    masked: false,
    paused: false,
  }
}

/** Rows as examples. */
export function entityExamples(rows: readonly EntityRow[]): ExampleSet {
  return exampleSet(
    rows.map(({ text, spans }) => {
      const input: TaskInput = { kind: 'text', text }
      return { id: exampleId(input), input, output: { kind: 'spans', spans }, source: 'gold', weight: 1 }
    }),
  )
}

/** Trains a tier on rows, where it does so, and loads what came out. */
export async function trainEntitiesOn(
  tier: Tier,
  rows: readonly EntityRow[],
  options: TrainOptions,
): Promise<TierRun> {
  const examples = entityExamples(rows)
  const began = performance.now()
  const artefact = await tier.train(entityTask(rows), examples, options)
  const trainSeconds = (performance.now() - began) / 1000
  return { artefact, predictor: await tier.load(artefact), trainSeconds }
}

/** Trains the nano tier on rows. */
export function trainEntities(rows: readonly EntityRow[], seed: number): Promise<TierRun> {
  return trainEntitiesOn(createNanoTier(), rows, { seed })
}

/** Strict scores over all rows: a span counts where both ends and the label are right. */
export interface StrictScores {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Answers rows twice, the second time against the clock. */
export async function scoreEntities(
  predictor: RawPredictor,
  rows: readonly EntityRow[],
): Promise<StrictScores & Confidences & { readonly textsPerSecond: number }> {
  const inputs = rows.map(({ text }): TaskInput => ({ kind: 'text', text }))
  await predictor.predict(inputs)
  const began = performance.now()
  const predictions = await predictor.predict(inputs)
  const textsPerSecond = rows.length / ((performance.now() - began) / 1000)
  const found = predictions.map(({ output }) => (output.kind === 'spans' ? output.spans : []))
  const wanted = rows.map(({ spans }) => spans)
  return { ...strictScores(found, wanted), ...confidences(predictions, wanted), textsPerSecond }
}

/** How well scores tell right from wrong, of whole answers and of spans. */
interface Confidences {
  readonly wholeAnswersRight: number
  readonly aurocWhole: number | null
  readonly aurocSpans: number | null
}

function confidences(
  predictions: readonly RawPrediction[],
  wanted: readonly (readonly Span[])[],
): Confidences {
  const rows = predictions.map(({ output, score, parts = [] }, row) => {
    const found = keysOf(output.kind === 'spans' ? output.spans : [])
    const keys = keysOf(wanted[row]!)
    return {
      score,
      positive: found.join() === keys.join(),
      spans: found.map((key, i) => ({ score: parts[i]?.score ?? 0, positive: keys.includes(key) })),
    }
  })
  return {
    wholeAnswersRight: rows.filter(({ positive }) => positive).length / Math.max(1, rows.length),
    aurocWhole: auroc(rows) ?? null,
    aurocSpans: auroc(rows.flatMap(({ spans }) => spans)) ?? null,
  }
}

const keysOf = (spans: readonly Span[]): readonly string[] =>
  spans.map(({ start, end, label }) => `${start} ${end} ${label}`)

function strictScores(
  found: readonly (readonly Span[])[],
  wanted: readonly (readonly Span[])[],
): StrictScores {
  let [right, foundCount, wantedCount] = [0, 0, 0]
  found.forEach((spans, row) => {
    const keys = new Set(keysOf(wanted[row]!))
    right += keysOf(spans).filter((key) => keys.has(key)).length
    foundCount += spans.length
    wantedCount += wanted[row]!.length
  })
  const [precision, recall] = [right / Math.max(1, foundCount), right / Math.max(1, wantedCount)]
  return { precision, recall, f1: (2 * right) / Math.max(1, foundCount + wantedCount) }
}

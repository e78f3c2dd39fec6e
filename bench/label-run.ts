/** Trains a tier on a labelled set and answers its test rows: what the benches of classification share. */
import { taskId } from '../src/base/ids.ts'
import { exampleSet } from '../src/data/example-set.ts'
import type { Task, TaskInput } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import type { Artefact, RawPredictor, Tier, TrainOptions } from '../src/tier/tier.ts'
import { exampleOf } from './certificate-data.ts'
import type { Row } from './data/labelled-sets.ts'

/** A trained specialist, loaded. */
export interface TierRun {
  readonly artefact: Artefact
  readonly predictor: RawPredictor
  readonly trainSeconds: number
}

/** The task that rows of labels are. */
export function labelTask(rows: readonly Row[]): Task {
  const labels = [...new Set(rows.map(([, label]) => label))].sort()
  return {
    id: taskId('bench'),
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: { kind: 'text', before: '', after: '' },
    risk: { risk: 0.02, delta: 0.05 },
    masked: false,
    paused: false,
  }
}

/** Trains a tier on rows, where it does so, and loads what came out. */
export async function trainOn(tier: Tier, rows: readonly Row[], options: TrainOptions): Promise<TierRun> {
  const examples = exampleSet(rows.map(exampleOf))
  const began = performance.now()
  const artefact = await tier.train(labelTask(rows), examples, options)
  const trainSeconds = (performance.now() - began) / 1000
  return { artefact, predictor: await tier.load(artefact), trainSeconds }
}

/** Trains the nano tier on rows. */
export function trainNanoOn(rows: readonly Row[], seed: number): Promise<TierRun> {
  return trainOn(createNanoTier(), rows, { seed })
}

/** Accuracy on rows, and the share answered where the surest are answered until 2% of the answers are wrong. */
export interface LabelScores {
  readonly accuracy: number
  readonly macroF1: number
  readonly coverageAt2: number
}

/** Answers rows and scores the answers. */
export async function scoreLabels(predictor: RawPredictor, rows: readonly Row[]): Promise<LabelScores> {
  const predictions = await predictor.predict(rows.map(([text]): TaskInput => ({ kind: 'text', text })))
  const answers = predictions.map(({ output }) => (output.kind === 'labels' ? (output.labels[0] ?? '') : ''))
  const right = answers.map((answer, row) => answer === rows[row]![1])
  return {
    accuracy: right.filter(Boolean).length / rows.length,
    macroF1: macroF1(
      answers,
      rows.map(([, label]) => label),
    ),
    coverageAt2: coverage(
      predictions.map(({ score }) => score),
      right,
      0.02,
    ),
  }
}

function coverage(scores: readonly number[], right: readonly boolean[], risk: number): number {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!)
  let wrong = 0
  let covered = 0
  order.forEach((row, rank) => {
    if (!right[row]) wrong++
    if (wrong <= risk * (rank + 1)) covered = rank + 1
  })
  return covered / scores.length
}

function macroF1(answers: readonly string[], labels: readonly string[]): number {
  const names = [...new Set(labels)]
  const scores = names.map((name) => {
    const both = answers.filter((answer, row) => answer === name && labels[row] === name).length
    const either =
      answers.filter((answer) => answer === name).length + labels.filter((label) => label === name).length
    return (2 * both) / either
  })
  return scores.reduce((sum, score) => sum + score, 0) / names.length
}

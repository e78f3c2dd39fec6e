/** A trained nano model and its judged raw predictions on rows it has not seen: what the certificate benches draw from. */

import { taskId } from '../src/base/ids.ts'
import type { Example, ExampleSet } from '../src/data/example.ts'
import { judge } from '../src/eval/judge.ts'
import type { RiskTarget, Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import type { HeldAside } from '../src/tier/tier.ts'
import { judgedRows } from '../src/trust/certify.ts'

export interface JudgedModel {
  readonly heldAside: readonly HeldAside[]
  /** Rows of each of the given parts, judged, in order. */
  readonly parts: readonly (readonly HeldAside[])[]
  readonly trainSeconds: number
}

/** The classification task that a labelled set poses. */
export function taskOf(name: string, examples: readonly Example[], risk: RiskTarget): Task {
  const labels = [...new Set(examples.flatMap((example) => labelsOf(example)))].sort()
  return {
    id: taskId(name.replace('_', '-')),
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: { kind: 'text', before: '', after: '' },
    risk,
    masked: false,
    paused: false,
  }
}

/** Trains a nano model and judges its raw predictions on other rows. */
export async function judgedModel(
  task: Task,
  train: ExampleSet,
  parts: readonly (readonly Example[])[],
  seed: number,
): Promise<JudgedModel> {
  const tier = createNanoTier()
  const from = performance.now()
  const artefact = await tier.train(task, train, { seed })
  const trainSeconds = (performance.now() - from) / 1000
  const predictor = await tier.load(artefact)
  const judged: (readonly HeldAside[])[] = []
  for (const examples of parts) {
    const predictions = await predictor.predict(examples.map((example) => example.input))
    judged.push(judgedRows(predictions, judge(predictions, examples)))
  }
  await predictor.dispose()
  return { heldAside: artefact.heldAside, parts: judged, trainSeconds }
}

function labelsOf(example: Example): readonly string[] {
  return example.output.kind === 'labels' ? example.output.labels : []
}

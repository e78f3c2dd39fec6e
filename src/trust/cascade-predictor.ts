/**
 * A cascade as one predictor, for `eval` and `predict`: an input has the answer of the first specialist that its gate
 * lets answer, and where there is none that of the last. The gateway asks by itself (`route/cascade.ts`).
 */
import type { Prediction, PredictOptions } from '../task/predictor.ts'
import type { TaskInput } from '../task/types.ts'
import type { CalibratedPredictor } from './calibrated-predictor.ts'

/** From which confidence on, and up to which novelty, a specialist may answer. */
export interface StageGate {
  /** Absent: it answers nothing. */
  readonly threshold?: number
  readonly noveltyLimit: number
}

export interface OpenedStage {
  readonly gate: StageGate
  readonly predictor: CalibratedPredictor
}

/** True where a gate lets a prediction answer: sure enough and not novel. */
export function passesGate(
  { threshold, noveltyLimit }: StageGate,
  { confidence, novelty }: Pick<Prediction, 'confidence' | 'novelty'>,
): boolean {
  return threshold !== undefined && confidence >= threshold && novelty <= noveltyLimit
}

/** The predictor of several stages, each asked for what those before it leave; of one stage that stage's own. */
export function cascadePredictor(stages: readonly OpenedStage[]): CalibratedPredictor {
  const last = stages.at(-1)!
  if (stages.length === 1) return last.predictor
  return {
    predict: (inputs, options) => predictAll(stages, inputs, options),
    sizeBytes: stages.reduce((sum, { predictor }) => sum + predictor.sizeBytes, 0),
    dispose: async () => {
      for (const { predictor } of stages) await predictor.dispose()
    },
  }
}

async function predictAll(
  stages: readonly OpenedStage[],
  inputs: readonly TaskInput[],
  options?: PredictOptions,
): Promise<readonly Prediction[]> {
  const said: Prediction[] = []
  let left = [...inputs.keys()]
  for (const { gate, predictor } of stages) {
    if (left.length === 0) break
    const earlier = left.map((row) => said[row]?.distribution)
    const predictions = await predictor.predict(
      left.map((row) => inputs[row]!),
      { ...options, earlier },
    )
    for (const [place, row] of left.entries()) {
      const prediction = predictions[place]!
      said[row] = { ...prediction, mayAnswer: passesGate(gate, prediction) }
    }
    left = left.filter((row) => !said[row]!.mayAnswer)
  }
  return said
}

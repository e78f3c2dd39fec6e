/** A raw predictor whose answers can all be written: one that its task's rendering cannot write is sure of nothing. */
import { answerText } from '../task/extraction.ts'
import type { Rendering, TaskInput } from '../task/types.ts'
import type { RawPrediction, RawPredictor } from '../tier/tier.ts'

/**
 * Wraps a raw predictor; disposing of the result disposes of it. A prediction that gives no answer (a date that is none,
 * a field that was never missing, a quote that does not stand in the text) gets the least score and is more novel than
 * any, in calibration as in serving.
 */
export function writablePredictor(raw: RawPredictor, rendering: Rendering): RawPredictor {
  if (rendering.kind !== 'fields' && rendering.kind !== 'answer') return raw
  const checked = (input: TaskInput, prediction: RawPrediction): RawPrediction =>
    answerText(rendering, input, prediction.output) === undefined
      ? { ...prediction, score: 0, noveltyScore: Number.POSITIVE_INFINITY }
      : prediction
  const { inline } = raw
  return {
    predict: async (inputs, options) =>
      (await raw.predict(inputs, options)).map((prediction, row) => checked(inputs[row]!, prediction)),
    ...(inline && {
      inline: {
        inlineLimit: inline.inlineLimit,
        predict: (input: TaskInput) => checked(input, inline.predict(input)),
      },
    }),
    sizeBytes: raw.sizeBytes,
    dispose: () => raw.dispose(),
  }
}

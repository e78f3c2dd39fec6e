/** A tier's raw predictor with its calibration: the same answers, with confidence and novelty to decide by. */
import type { Prediction, Predictor } from '../task/predictor.ts'
import type { TaskInput } from '../task/types.ts'
import type { RawPrediction, RawPredictor } from '../tier/tier.ts'
import { type Calibration, confidenceOf, noveltyOf, partConfidenceOf } from './calibration.ts'

/** A predictor that can also answer at once, where its tier can. */
export interface CalibratedPredictor extends Predictor {
  /**
   * For texts up to `inlineLimit` UTF-16 units; absent where a prediction would hold up the thread, and as long as the
   * weights are not in memory.
   */
  readonly inline?: { readonly inlineLimit: number; predict(input: TaskInput): Prediction } | undefined
  /** Bytes in memory at this moment: what several share is divided among those that are there. */
  readonly sizeBytes: number
}

/** Wraps a raw predictor; disposing of the result disposes of it. The distribution stays the tier's own. */
export function calibratedPredictor(raw: RawPredictor, calibration: Calibration): CalibratedPredictor {
  const calibrated = (prediction: RawPrediction): Prediction => calibratedPrediction(prediction, calibration)
  const inline = raw.inline
  return {
    predict: async (inputs, options) => (await raw.predict(inputs, options)).map(calibrated),
    ...(inline === undefined
      ? {}
      : {
          inline: {
            inlineLimit: inline.inlineLimit,
            predict: (input: TaskInput) => calibrated(inline.predict(input)),
          },
        }),
    get sizeBytes() {
      return raw.sizeBytes
    },
    dispose: () => raw.dispose(),
  }
}

/** One raw prediction with its confidence and novelty. */
export function calibratedPrediction(prediction: RawPrediction, calibration: Calibration): Prediction {
  return {
    output: prediction.output,
    confidence: confidenceOf(calibration, prediction.score),
    novelty: noveltyOf(calibration, prediction.noveltyScore),
    ...(prediction.distribution === undefined ? {} : { distribution: prediction.distribution }),
    ...(prediction.parts === undefined
      ? {}
      : {
          parts: prediction.parts.map(({ name, score }) => ({
            name,
            confidence: partConfidenceOf(calibration, score),
          })),
        }),
  }
}

// Trains a classifier: the upper layers of an encoder with a head, or a head on the encoder as it is.
import { throwIfCancelled } from '../../base/errors.ts'
import type { ExampleSet } from '../../data/example.ts'
import { isLoraTensor } from '../../model/encoder/lora.ts'
import type { Task } from '../../task/types.ts'
import type { Artefact, TrainOptions } from '../tier.ts'
import { describe, weightsFile } from './artefact.ts'
import {
  type ClassificationParts,
  type ClassificationWork,
  prepareClassification,
  type TrainedClassifier,
} from './classification-work.ts'
import { trainFrozen } from './frozen-classifier.ts'
import { heldAsideOf } from './judge-rows.ts'
import { keptBytes } from './kept-tensors.ts'
import { noveltyClasses } from './novelty.ts'
import { freezeVectors } from './rows.ts'
import { precisionKind } from './serving/choose-precision.ts'
import { trainTuned } from './tuned-classifier.ts'
import { usualSigns } from './usual.ts'

/** Trains a task of classification on a base, whose vectors are of unit length. */
export async function trainClassification(
  task: Task,
  set: ExampleSet,
  options: TrainOptions,
  parts: ClassificationParts,
): Promise<Artefact> {
  const work = prepareClassification(task, set, options, parts)
  const { base, runtime, threads } = parts
  const { signal, progress } = options
  const { deadline } = work
  const freeze = {
    ...{ base, runtime, threads },
    ...(deadline !== undefined && { deadline }),
    ...(signal && { signal }),
    ...(progress && { progress }),
  }
  const { fineTune } = work.recipe
  const trained = fineTune
    ? await trainTuned(work, fineTune, freeze)
    : await trainFrozen(work, await freezeVectors(work.texts, freeze))
  throwIfCancelled(signal, 'training')
  return artefactOf(work, trained)
}

function artefactOf(
  work: ClassificationWork,
  { changed, novelty, judged, precision, trimmed }: TrainedClassifier,
): Artefact {
  const { base, space, recipe, options, maxTokens } = work
  const usual = usualSigns(judged.map(({ signs }) => signs))
  const right = judged.filter(({ correct }) => correct).length
  const weights = keptBytes(new Map([...changed, ...novelty]), precision)
  const adapter = recipe.fineTune?.adapter
  const adapterBytes = [...changed].reduce(
    (sum, [name, { data }]) => (isLoraTensor(name) ? sum + data.byteLength : sum),
    0,
  )
  return {
    tier: 'micro',
    taskKind: 'classification',
    files: new Map([[weightsFile, weights]]),
    meta: {
      model: describe({
        base: { name: base.name, digest: base.digest },
        ...{ labels: [...space.labels], multiple: space.multiple },
        maxTokens,
        noveltyClasses: noveltyClasses(novelty),
        precision,
        usual,
        ...(adapter && { adapter }),
      }),
      training: {
        seed: options.seed,
        trainedLayers: adapter ? 0 : (recipe.fineTune?.layers ?? 0),
        epochs: recipe.fineTune ? recipe.fineTune.epochs + recipe.fineTune.finish.epochs : 0,
        ...(trimmed && { trimmed: { ...trimmed } }),
        checkRows: judged.length,
        checkAccuracy: right / Math.max(1, judged.length),
        precision: precisionKind(precision),
        sizeBytes: weights.length,
      },
    },
    ...(adapter && { adapter: { rank: adapter.rank, sizeBytes: adapterBytes } }),
    heldAside: heldAsideOf(judged, usual),
  }
}

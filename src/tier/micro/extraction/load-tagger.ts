// Loads a tagger's artefact: its own tensors over those of its base.
import { appError } from '../../../base/errors.ts'
import { createTagScheme } from '../../../model/crf/tag-scheme.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { parseSafetensors } from '../../../model/weights/safetensors.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import type { Artefact, RawPredictor } from '../../tier.ts'
import { overlaid, weightsFile } from '../artefact.ts'
import { parseTaggerDescription } from './artefact.ts'
import { createTaggerPredictor } from './predictor.ts'
import { openTagger } from './tagger-session.ts'

export interface LoadParts {
  /** Opens the base that a description names. */
  readonly openBase: (base: { readonly name: string; readonly digest: string }) => Promise<BaseModel>
  readonly runtime: Runtime
  readonly threads: number
}

/** Loads; throws `artefact.other-version` and what opening the base throws. */
export async function loadExtraction(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  { openBase, runtime, threads }: LoadParts,
): Promise<RawPredictor> {
  const description = parseTaggerDescription(meta)
  const weights = files.get(weightsFile)
  if (!weights) throw appError('internal.bug', { problem: `a micro artefact has no ${weightsFile}` })
  const base = await openBase(description.base)
  const tensors = overlaid(base.tensors, await parseSafetensors(weights, weightsFile))
  try {
    const { name, config, pooling, tokenizer } = base
    const { tagCount } = createTagScheme(description.scheme, description.labels.length)
    const form = { tags: tagCount, shapes: description.shapes }
    const about = { name, config, pooling, form, threads, fitted: true, spinning: false }
    return createTaggerPredictor(await openTagger(tensors, runtime, about), tokenizer, description)
  } finally {
    await tensors.close()
  }
}

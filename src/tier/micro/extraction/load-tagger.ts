// Loads a tagger's artefact: its own tensors over those of its base.
import { createTagScheme } from '../../../model/crf/tag-scheme.ts'
import type { Artefact, RawPredictor } from '../../tier.ts'
import { openOwnTensors } from '../kept-tensors.ts'
import type { MicroServing } from '../serving/serving.ts'
import { parseTaggerDescription } from './artefact.ts'
import { createTaggerPredictor } from './predictor.ts'
import { openTagger } from './tagger-session.ts'

/** Loads; throws `artefact.other-version` and what opening the base throws. */
export async function loadExtraction(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  serving: MicroServing,
): Promise<RawPredictor> {
  const description = parseTaggerDescription(meta)
  const { base, labels, scheme, shapes, precision } = description
  const own = await openOwnTensors(files, precision)
  try {
    const form = { tags: createTagScheme(scheme, labels.length).tagCount, shapes }
    const served = await openTagger(serving, form, { base, own, precision })
    return createTaggerPredictor(served.session, served.base.tokenizer, description)
  } finally {
    await own.close()
  }
}

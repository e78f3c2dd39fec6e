// Loads a reader's artefact: its own tensors over those of its base.
import { appError } from '../../../base/errors.ts'
import { parseSafetensors } from '../../../model/weights/safetensors.ts'
import type { Artefact, RawPredictor } from '../../tier.ts'
import { overlaid, weightsFile } from '../artefact.ts'
import type { LoadParts } from '../extraction/load-tagger.ts'
import { parseReaderDescription, rarityTensor } from './artefact.ts'
import { createQuestionPredictor } from './question-predictor.ts'
import { createQuestionReader } from './read-context.ts'
import { openReader } from './reader-session.ts'

/** Loads; throws `artefact.other-version` and what opening the base throws. */
export async function loadQuestionAnswering(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  { openBase, runtime, threads }: LoadParts,
): Promise<RawPredictor> {
  const description = parseReaderDescription(meta)
  const weights = files.get(weightsFile)
  if (!weights) throw appError('internal.bug', { problem: `a micro artefact has no ${weightsFile}` })
  const base = await openBase(description.base)
  const own = await parseSafetensors(weights, weightsFile)
  const tensors = overlaid(base.tensors, own)
  try {
    const { name, config, pooling, tokenizer } = base
    const about = { name, config, pooling, threads, fitted: true, spinning: false }
    const reading = {
      ...{ tokenizer, reader: createQuestionReader(tokenizer), limits: description.windows },
      rarity: (await own.read(rarityTensor)).data,
    }
    const session = await openReader(tensors, runtime, about)
    return createQuestionPredictor(session, description, { reading, config })
  } finally {
    await tensors.close()
  }
}

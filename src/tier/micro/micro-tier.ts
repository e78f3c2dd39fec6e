// The micro tier: a pretrained encoder with a head, fine-tuned where rows are enough, run by ONNX Runtime in a worker.
// Trains in seconds to minutes, answers in milliseconds. An artefact holds only what differs from its base.
import { availableParallelism } from 'node:os'
import { AppError, appError } from '../../base/errors.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { parseSafetensors } from '../../model/weights/safetensors.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { dominantScript, type TableName } from '../../text/script.ts'
import { textOf } from '../nano/inputs.ts'
import type { Artefact, RawPredictor, Tier } from '../tier.ts'
import { type ClassifierDescription, overlaid, parseDescription, weightsFile } from './artefact.ts'
import { trainClassification } from './classification.ts'
import { openClassifier } from './classifier.ts'
import { createMicroPredictor } from './predictor.ts'
import { chooseRecipe, type Recipe, type RecipeFacts } from './recipe.ts'

export interface MicroTierOptions {
  /** Opens a base model by name or digest; the tier closes its tensors. */
  readonly openBase: (nameOrDigest: string) => Promise<BaseModel>
  readonly runtime: Runtime
  /** The base to train on; by default the one for the script of the texts. */
  readonly base?: string
  /** How much is trained and how; by default what {@link chooseRecipe} says. */
  readonly recipeOf?: (facts: RecipeFacts) => Recipe
  /** Threads of training and of a session; by default all cores for training and one for a session. */
  readonly threads?: number
  /** Where `shoal setup micro` put ONNX Runtime. */
  readonly runtimeFolder?: string
}

/** Bases by the script of the texts. */
const usualBases: { readonly [Script in TableName]: string } = { en: 'minilm', zh: 'bge-small-zh' }

/** The tier over base models and a runtime. */
export function createMicroTier(options: MicroTierOptions): Tier {
  return {
    kind: 'micro',
    can: { train: ['classification'], export: [] },
    train: async (task, set, trainOptions) => {
      const { openBase, runtime, recipeOf = chooseRecipe, runtimeFolder } = options
      if (set.examples.length === 0) throw nothingToTrainOn()
      const base = await openBase(options.base ?? usualBases[scriptOf(set)])
      const threads = options.threads ?? availableParallelism()
      const parts = {
        base,
        runtime,
        recipeOf,
        threads,
        ...(runtimeFolder !== undefined && { runtimeFolder }),
      }
      try {
        return await trainClassification(task, set, trainOptions, parts)
      } finally {
        await base.tensors.close()
      }
    },
    load: (artefact) => loadClassifier(artefact, options),
  }
}

async function loadClassifier(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  { openBase, runtime, threads = 1 }: MicroTierOptions,
): Promise<RawPredictor> {
  const description = parseDescription(meta)
  const weights = files.get(weightsFile)
  if (!weights) throw appError('internal.bug', { problem: `a micro artefact has no ${weightsFile}` })
  const base = await openBase(description.base.digest).catch((cause: unknown) => {
    throw vanished(description, cause)
  })
  const tensors = overlaid(base.tensors, await parseSafetensors(weights, weightsFile))
  try {
    const { config, pooling, tokenizer } = base
    const { labels, noveltyClasses } = description
    const about = { config, pooling, labels: labels.length, noveltyClasses, threads, spinning: false }
    const session = await openClassifier(tensors, runtime, { name: base.name, ...about })
    return createMicroPredictor(session, tokenizer, description)
  } finally {
    await tensors.close()
  }
}

const sampleUnits = 100_000

function scriptOf({ examples }: ExampleSet): TableName {
  const each = Math.ceil(sampleUnits / examples.length)
  return dominantScript(examples.map(({ input }) => textOf(input).slice(0, each)).join(' '))
}

function vanished({ base }: ClassifierDescription, cause: unknown): unknown {
  if (!(cause instanceof AppError) || !['base.unknown', 'base.not-pulled'].includes(cause.code)) return cause
  const { name, digest } = base
  return appError('base.vanished', { model: name, digest: digest.slice(0, 12), command: name }, cause)
}

function nothingToTrainOn(): Error {
  return appError('usage.invalid', {
    problem: 'There is nothing to train on',
    hint: 'Import some examples first.',
  })
}

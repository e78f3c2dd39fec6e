// The micro tier: a pretrained encoder with a head, fine-tuned where rows are enough, run by ONNX Runtime in a worker.
// Trains in seconds to minutes, answers in milliseconds. An artefact holds only what differs from its base.
import { availableParallelism } from 'node:os'
import { AppError, appError } from '../../base/errors.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { Value } from '../../graph/value.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { dominantScript, type TableName } from '../../text/script.ts'
import { checkAdapter } from '../check-adapter.ts'
import { textOf } from '../nano/inputs.ts'
import type { Artefact, RawPredictor, Tier } from '../tier.ts'
import { parseDescription } from './artefact.ts'
import { checkRank } from './check-rank.ts'
import { trainClassification } from './classification.ts'
import { classifierOutputs } from './classifier.ts'
import { trainExtraction } from './extraction/extraction.ts'
import { loadExtraction } from './extraction/load-tagger.ts'
import { chooseTaggerRecipe, type TaggerFacts, type TaggerRecipe } from './extraction/recipe.ts'
import { openOwnTensors } from './kept-tensors.ts'
import { createMicroPredictor } from './predictor.ts'
import { loadQuestionAnswering } from './question-answering/load-reader.ts'
import { trainQuestionAnswering } from './question-answering/question-answering.ts'
import { chooseReaderRecipe, type ReaderFacts, type ReaderRecipe } from './question-answering/recipe.ts'
import { chooseRecipe, type Recipe, type RecipeFacts } from './recipe.ts'
import type { TrainedOn } from './serving/forms.ts'
import { createMicroServing, type MicroServing, type ServingOptions, unitLength } from './serving/serving.ts'
import { trainWithWords, withWords } from './words.ts'

export interface MicroTierOptions {
  /** Opens a base model by name or digest; the tier closes its tensors. */
  readonly openBase: (nameOrDigest: string) => Promise<BaseModel>
  readonly runtime: Runtime
  /** The base to train on; by default the one for the script of the texts. */
  readonly base?: string
  /** How much is trained and how; by default what {@link chooseRecipe} says. */
  readonly recipeOf?: (facts: RecipeFacts) => Recipe
  /** The same for extraction; by default what {@link chooseTaggerRecipe} says. */
  readonly taggerRecipeOf?: (facts: TaggerFacts) => TaggerRecipe
  /** The same for question answering; by default what {@link chooseReaderRecipe} says. */
  readonly readerRecipeOf?: (facts: ReaderFacts) => ReaderRecipe
  /** Threads of training and of a session; by default all cores for training and one for a session. */
  readonly threads?: number
  /** Where `shoal setup micro` put ONNX Runtime. */
  readonly runtimeFolder?: string
  /** Trains and loads the words beside an encoder (`words.ts`), the nano tier; absent: encoders stand alone. */
  readonly words?: Tier
  /** Holds what specialists share in memory; by default the tier has one of its own. */
  readonly serving?: MicroServing
}

const can: Tier['can'] = {
  train: ['classification', 'extraction', 'question-answering'],
  adapt: ['classification'],
  export: [],
}

/** Bases by the script of the texts. */
const usualBases: { readonly [Script in TableName]: string } = { en: 'minilm', zh: 'bge-small-zh' }

/** The tier over base models and a runtime. */
export function createMicroTier(options: MicroTierOptions): Tier {
  const serving = options.serving ?? createMicroServing(servingOptions(options))
  return {
    kind: 'micro',
    can,
    train: async (task, set, trainOptions) => {
      checkAdapter({ kind: 'micro', can }, task.kind, trainOptions)
      const { runtime, recipeOf = chooseRecipe, taggerRecipeOf = chooseTaggerRecipe } = options
      if (set.examples.length === 0) throw nothingToTrainOn()
      const base = await openUnit(options, trainOptions.base ?? options.base ?? usualBases[scriptOf(set)])
      const { runtimeFolder, threads = availableParallelism() } = options
      const parts = { base, runtime, threads, ...(runtimeFolder !== undefined && { runtimeFolder }) }
      try {
        checkRank(trainOptions.lora, base)
        if (task.kind === 'question-answering') {
          const { readerRecipeOf = chooseReaderRecipe } = options
          return await trainQuestionAnswering(set, trainOptions, { ...parts, recipeOf: readerRecipeOf })
        }
        if (task.kind === 'extraction')
          return await trainExtraction(task, set, trainOptions, { ...parts, recipeOf: taggerRecipeOf })
        return await trainWithWords(options.words, { task, set, options: trainOptions }, (own) =>
          trainClassification(task, set, own, { ...parts, recipeOf }),
        )
      } finally {
        await base.tensors.close()
      }
    },
    load: (artefact) => {
      if (artefact.taskKind === 'question-answering') return loadQuestionAnswering(artefact, serving)
      return artefact.taskKind === 'extraction'
        ? loadExtraction(artefact, serving)
        : loadClassifier(artefact, { serving, words: options.words })
    },
  }
}

/** A base whose vectors are of unit length, whether it was made for that or not: heads of cosines want it. */
async function openUnit(
  { openBase }: Pick<MicroTierOptions, 'openBase'>,
  nameOrDigest: string,
): Promise<BaseModel> {
  const base = await openBase(nameOrDigest)
  return { ...base, pooling: unitLength(base.pooling) }
}

/** What serves the specialists of a tier made with these options. */
export function servingOptions(
  options: Pick<MicroTierOptions, 'openBase' | 'runtime' | 'threads'>,
): ServingOptions {
  const { runtime, threads = 1 } = options
  return { runtime, threads, openBase: (base) => openTrainedOn(base, options) }
}

/** The base that an artefact was trained on; throws `base.vanished`. */
function openTrainedOn(
  { name, digest }: TrainedOn,
  { openBase }: Pick<MicroTierOptions, 'openBase'>,
): Promise<BaseModel> {
  return openBase(digest).catch((cause: unknown) => {
    if (!(cause instanceof AppError) || !['base.unknown', 'base.not-pulled'].includes(cause.code)) throw cause
    throw appError('base.vanished', { model: name, digest: digest.slice(0, 12), command: name }, cause)
  })
}

async function loadClassifier(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  { serving, words }: { readonly serving: MicroServing; readonly words: Tier | undefined },
): Promise<RawPredictor> {
  const description = parseDescription(meta)
  const own = await openOwnTensors(files, description.precision)
  try {
    const { base, precision, adapter } = description
    const outputs = (vector: Value) => classifierOutputs(vector, description)
    const form = { base, precision, own, outputs, ...(adapter && { adapter }) }
    const served = await serving.openVectorForm(form)
    const encoder = createMicroPredictor(served.session, served.base.tokenizer, description)
    return await withWords(encoder, { files, meta }, words)
  } finally {
    await own.close()
  }
}

const sampleUnits = 100_000

function scriptOf({ examples }: ExampleSet): TableName {
  const each = Math.ceil(sampleUnits / examples.length)
  return dominantScript(examples.map(({ input }) => textOf(input).slice(0, each)).join(' '))
}

function nothingToTrainOn(): Error {
  return appError('usage.invalid', {
    problem: 'There is nothing to train on',
    hint: 'Import some examples first.',
  })
}

// Trains question answering: a reader on most rows; the rows held aside say when to answer, how sure, and what is usual.
import { join } from 'node:path'
import { appError, throwIfCancelled } from '../../../base/errors.ts'
import { seededRandom } from '../../../base/random.ts'
import type { ExampleSet } from '../../../data/example.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { maxTokensOf } from '../../../model/encoder/encoder-config.ts'
import type { StoredTensor } from '../../../model/weights/tensor-source.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import type { Fold } from '../../nano/folds.ts'
import type { Artefact, TrainOptions } from '../../tier.ts'
import { weightsFile } from '../artefact.ts'
import { keptBytes } from '../kept-tensors.ts'
import { precisionKind } from '../serving/choose-precision.ts'
import { describeReader, rarityTensor } from './artefact.ts'
import { checkFold, groupsOf } from './check-fold.ts'
import { type Checked, checkRows } from './check-rows.ts'
import { learntWindows } from './learnt-windows.ts'
import { type PairReading, type QuestionRow, questionRow } from './question-rows.ts'
import type { WindowLimits } from './question-windows.ts'
import { createQuestionReader } from './read-context.ts'
import { wordCodes } from './read-words.ts'
import type { ReaderFacts, ReaderRecipe } from './recipe.ts'
import { tuneReader } from './tune-reader.ts'
import { learnWords } from './word-knowledge.ts'

export interface QuestionParts {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly recipeOf: (facts: ReaderFacts) => ReaderRecipe
  readonly threads: number
  readonly runtimeFolder?: string
}

/** What all steps of a training read. */
interface Work extends QuestionParts {
  readonly rows: readonly QuestionRow[]
  readonly reading: PairReading
  readonly fold: Fold
  readonly recipe: ReaderRecipe
  readonly options: TrainOptions
  /** When the time that training may take ends, by the clock of `performance.now`. */
  readonly deadline: number | undefined
}

/** Trains a task of question answering on a base. */
export async function trainQuestionAnswering(
  set: ExampleSet,
  options: TrainOptions,
  parts: QuestionParts,
): Promise<Artefact> {
  const work = prepare(set, options, parts)
  throwIfCancelled(options.signal, 'training')
  const changed = await tuned(work)
  const found = await checkRows(work, changed, options)
  throwIfCancelled(options.signal, 'training')
  return artefactOf(work, { changed, ...found })
}

function prepare({ examples }: ExampleSet, options: TrainOptions, parts: QuestionParts): Work {
  const { base, recipeOf } = parts
  const recipe = recipeOf({ rows: examples.length, config: base.config })
  const contexts = examples.map(({ input }) => (input.kind === 'question' ? input.context : ''))
  const groups = groupsOf(examples.map(({ group }, row) => group ?? contexts[row]!))
  const classes = Int32Array.from(examples, ({ output }) =>
    Number(output.kind === 'answer' && output.span !== undefined),
  )
  const fold = checkFold({ classes, groups }, seededRandom(options.seed).fork('folds'))
  const reader = createQuestionReader(base.tokenizer)
  const learnt = Array.from(fold.learn, (row) => examples[row]!)
  const reading: PairReading = {
    ...{ tokenizer: base.tokenizer, reader, limits: windowLimits(recipe.windows, base) },
    knowledge: learnWords(learnt, examples, reader),
  }
  return {
    ...parts,
    ...{ recipe, options, reading, fold },
    rows: examples.map((example) => questionRow(example, reading)),
    deadline: options.budgetMs === undefined ? undefined : performance.now() + options.budgetMs,
  }
}

function windowLimits(windows: WindowLimits, { config }: BaseModel): WindowLimits {
  const tokens = Math.min(windows.tokens, maxTokensOf(config))
  return { ...windows, tokens, questionTokens: Math.min(windows.questionTokens, Math.floor(tokens / 3)) }
}

async function tuned(work: Work): Promise<ReadonlyMap<string, StoredTensor>> {
  const { base, rows, fold, recipe, options, threads, runtimeFolder, deadline } = work
  const learnt = Array.from(fold.learn, (row) => rows[row]!)
  const limits = windowLimits({ ...recipe.windows, tokens: recipe.learntTokens, most: mostLearnt }, base)
  const windows = learntWindows(learnt, { tokenizer: base.tokenizer, limits, decoys: recipe.decoys })
  if (windows.length === 0) throw nothingToRead()
  const { seed, signal, progress, checkpointFolder } = options
  return tuneReader(
    base,
    windows,
    { recipe, seed },
    {
      threads,
      progress: ({ done, total, detail }) => {
        const share = done / Math.max(1, total ?? done)
        progress?.({
          ...{ stage: 'training', done: Math.round(95 * share), total: 100 },
          ...(detail && { detail }),
        })
      },
      ...(signal && { signal }),
      ...(runtimeFolder !== undefined && { runtimeFolder }),
      ...(checkpointFolder !== undefined && { checkpoints: { folder: join(checkpointFolder, 'reader') } }),
      ...(deadline !== undefined && {
        budgetMs: Math.max(1000, tuningShare * (deadline - performance.now())),
      }),
    },
  )
}

/** Windows of a text that are looked through for those to learn from. */
const mostLearnt = 256

/** Share of the time for the training itself; the rest is for the rows held aside. */
const tuningShare = 0.9

function nothingToRead(): Error {
  return appError('usage.invalid', {
    problem: 'There is no text to train on: all contexts are empty or weigh nothing',
    hint: 'Import some examples first.',
  })
}

interface Trained extends Checked {
  readonly changed: ReadonlyMap<string, StoredTensor>
}

function artefactOf(work: Work, { changed, novelty, judged, sentenceWeight, precision }: Trained): Artefact {
  const { base, reading, recipe, options } = work
  const { judge, usual, heldAside, f1 } = judged
  const { rarity, ranker } = reading.knowledge
  const words = { shape: [wordCodes], data: Float32Array.from(rarity) }
  const weights = keptBytes(
    new Map<string, StoredTensor>([...changed, ...novelty, [rarityTensor, words]]),
    precision,
  )
  const right = heldAside.filter(({ correct }) => correct).length
  return {
    tier: 'micro',
    taskKind: 'question-answering',
    files: new Map([[weightsFile, weights]]),
    meta: {
      reader: describeReader({
        base: { name: base.name, digest: base.digest },
        ...{
          windows: reading.limits,
          answerTokens: recipe.answerTokens,
          precision,
          sentenceWeight,
          ranker,
          judge,
          usual,
        },
      }),
      training: {
        seed: options.seed,
        epochs: recipe.epochs,
        checkRows: heldAside.length,
        checkAccuracy: right / Math.max(1, heldAside.length),
        checkF1: f1,
        precision: precisionKind(precision),
        sizeBytes: weights.length,
      },
    },
    heldAside,
  }
}

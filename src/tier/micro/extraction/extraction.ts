// Trains an extraction: an encoder with a head of tags, once without rows held aside to judge them by a model that had
// not seen them, and once more on all rows.
import { join } from 'node:path'
import { appError, throwIfCancelled } from '../../../base/errors.ts'
import type { Progress } from '../../../base/progress.ts'
import { seededRandom } from '../../../base/random.ts'
import type { Example, ExampleSet } from '../../../data/example.ts'
import {
  createTagScheme,
  mostLabels,
  type SchemeName,
  type TagScheme,
} from '../../../model/crf/tag-scheme.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { maxTokensOf } from '../../../model/encoder/encoder-config.ts'
import { type StoredTensor, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import type { Task } from '../../../task/types.ts'
import { createTokeniser, type LearnedCuts } from '../../../text/tokens.ts'
import type { NumberedSpan } from '../../nano/extraction/corpus.ts'
import { findReading } from '../../nano/extraction/reading.ts'
import { labelsOf, numberedSpans, withoutOverlaps } from '../../nano/extraction/spanned-texts.ts'
import { type Fold, innerFolds } from '../../nano/folds.ts'
import { textOf } from '../../nano/inputs.ts'
import type { Artefact, HeldAside, TrainOptions } from '../../tier.ts'
import { overlaid, weightsFile } from '../artefact.ts'
import { keptBytes } from '../kept-tensors.ts'
import { type PrecisionKind, precisionKind } from '../serving/choose-precision.ts'
import { noveltyScoreOf, usualSigns } from '../usual.ts'
import { describeTagger } from './artefact.ts'
import { lookAtTagger, type TaggerLook } from './look-tagger.ts'
import { createTextReader } from './read-text.ts'
import type { TaggerFacts, TaggerRecipe } from './recipe.ts'
import { signsOfTexts } from './signs.ts'
import { type TaggedRow, tagRow } from './tagged-rows.ts'
import { windowsOf } from './text-windows.ts'
import type { TaggerForm } from './token-tagger.ts'
import { tuneTagger } from './tune-tagger.ts'

export interface ExtractionParts {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly recipeOf: (facts: TaggerFacts) => TaggerRecipe
  readonly threads: number
  readonly runtimeFolder?: string
}

/** What all steps of a training read. */
interface Work extends ExtractionParts {
  readonly labels: readonly string[]
  readonly rows: readonly TaggedRow[]
  readonly cuts: LearnedCuts
  readonly scheme: TagScheme
  readonly form: TaggerForm
  readonly fold: Fold
  readonly recipe: TaggerRecipe
  readonly maxTokens: number
  readonly options: TrainOptions
  /** When the time that training may take ends, by the clock of `performance.now`. */
  readonly deadline: number | undefined
}

/** Trains a task of extraction on a base. */
export async function trainExtraction(
  task: Task,
  set: ExampleSet,
  options: TrainOptions,
  parts: ExtractionParts,
): Promise<Artefact> {
  const work = await prepare(task, set, options, parts)
  const { learn, check } = work.fold
  const checked = await trainOn(work, learn, { part: 'check', asked: check })
  const form = precisionKind(checked.precision)
  const whole = work.recipe.refit
    ? await trainOn(work, Int32Array.from(work.rows.keys()), { part: 'whole', form })
    : checked
  throwIfCancelled(options.signal, 'training')
  return artefactOf(work, checked, whole)
}

async function prepare(
  task: Task,
  set: ExampleSet,
  options: TrainOptions,
  parts: ExtractionParts,
): Promise<Work> {
  const labels = labelsOf(task)
  const { examples } = set
  const texts = examples.map(({ input }) => textOf(input))
  const all = examples.map((example) => numberedSpans(example, labels))
  const spans = all.map(withoutOverlaps)
  const [weights, groups] = [Float32Array.from(examples, ({ weight }) => weight), groupsOf(examples)]
  const { mode, cuts } = findReading({ texts, spans, weights, groups })
  const recipe = parts.recipeOf({ mode, rows: examples.length, labels: labels.length })
  const scheme = createTagScheme(schemeOf(recipe, labels.length), labels.length)
  const read = createTextReader(parts.base.tokenizer, createTokeniser(cuts))
  const { seed, budgetMs, signal } = options
  const rows: TaggedRow[] = []
  for (const [row, example] of examples.entries()) {
    if (row % rowsBetweenBreaks === 0) await turnOfOthers(signal)
    const counted = { spans: spans[row]!, all: all[row]!.length, scheme }
    rows.push(tagRow(example, read(texts[row]!), counted))
  }
  return {
    ...parts,
    ...{ labels, cuts, scheme, recipe, options },
    rows,
    form: { tags: scheme.tagCount, shapes: recipe.shapes },
    fold: foldOf(spans, groups, seed),
    maxTokens: Math.min(recipe.maxTokens, maxTokensOf(parts.base.config)),
    deadline: budgetMs === undefined ? undefined : performance.now() + budgetMs,
  }
}

/** Rows that are read before others get their turn. */
const rowsBetweenBreaks = 256

async function turnOfOthers(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  throwIfCancelled(signal, 'training')
}

function groupsOf(examples: readonly Example[]): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(examples, ({ group, id }) => {
    const number = numbers.get(group ?? id) ?? numbers.size
    numbers.set(group ?? id, number)
    return number
  })
}

/** Labels beyond which not even beginning and inside of each fit in a byte. */
const mostLabelsAtAll = 127

function schemeOf({ scheme }: TaggerRecipe, labels: number): SchemeName {
  if (labels > mostLabelsAtAll) {
    throw appError('usage.invalid', {
      problem: `The spans have ${labels} labels, and the micro tier tells at most ${mostLabelsAtAll} apart`,
      hint: 'Join labels that are rare, or make tasks of their own of some.',
    })
  }
  return labels > mostLabels ? 'bio' : scheme
}

/** One part of the rows to check on; none where rows are too few to part. */
function foldOf(spans: readonly (readonly NumberedSpan[])[], groups: Int32Array, seed: number): Fold {
  const classes = Int32Array.from(spans, (found) => (found[0]?.label ?? -1) + 1)
  const contained = new Uint8Array(spans.length)
  const folds = innerFolds({ classes, groups, contained }, seededRandom(seed).fork('folds'))
  const all = { learn: Int32Array.from(spans.keys()), check: new Int32Array(0) }
  return folds.find(({ learn, check }) => learn.length > 0 && check.length > 0) ?? all
}

/** The part of a training: what it counts as in progress, and where its checkpoints are. */
type PartName = 'check' | 'whole'

interface TrainedTagger extends TaggerLook {
  /** Tensors that differ from the base's, the head's among them. */
  readonly changed: ReadonlyMap<string, StoredTensor>
}

interface PartOptions {
  readonly part: PartName
  /** Rows held aside. */
  readonly asked?: Int32Array
  /** In which form its layers are served, where that is known. */
  readonly form?: PrecisionKind
}

async function trainOn(
  work: Work,
  learn: Int32Array,
  { part, asked = new Int32Array(0), form: served }: PartOptions,
): Promise<TrainedTagger> {
  const { base, runtime, recipe, form, scheme, maxTokens, options, threads } = work
  const { seed, signal } = options
  const rowsOf = (numbers: Int32Array) => Array.from(numbers, (row) => work.rows[row]!)
  const rows = rowsOf(learn)
  assertLearnable(rows)
  const texts = rows.map(({ text }) => text)
  const windows = windowsOf(texts, base.tokenizer.template.single, maxTokens)
  const changed = await tuneTagger(base, { rows, windows }, { recipe, form, seed }, trainOptions(work, part))
  const tensors = overlaid(base.tensors, tensorsInMemory(changed))
  const about = { base, tensors, runtime, threads, ...(signal && { signal }) }
  const looked = { about, form, scheme, maxTokens, asked: rowsOf(asked), known: rows }
  return { changed, ...(await lookAtTagger(looked, served)) }
}

function assertLearnable(rows: readonly TaggedRow[]): void {
  if (rows.some(({ tags, weight }) => tags.length > 0 && weight > 0)) return
  throw appError('usage.invalid', {
    problem: 'There is no text to train on: all examples are empty or weigh nothing',
    hint: 'Import some examples first.',
  })
}

/** Progress of part of the whole, in hundredths, and the time that is left for it. */
function trainOptions({ options, threads, runtimeFolder, deadline, recipe }: Work, part: PartName) {
  const { signal, progress, checkpointFolder } = options
  const parts = recipe.refit ? 2 : 1
  const place = part === 'check' ? 0 : 1
  const whole: Progress = ({ done, total, detail }) => {
    const share = (place + done / Math.max(1, total ?? done)) / parts
    progress?.({ stage: 'training', done: Math.round(100 * share), total: 100, ...(detail && { detail }) })
  }
  const left = deadline === undefined ? undefined : deadline - performance.now()
  return {
    threads,
    progress: whole,
    ...(signal && { signal }),
    ...(checkpointFolder !== undefined && { checkpoints: { folder: join(checkpointFolder, part) } }),
    ...(runtimeFolder !== undefined && { runtimeFolder }),
    ...(left !== undefined && { budgetMs: Math.max(1000, left / (parts - place)) }),
  }
}

function artefactOf(
  work: Work,
  { scored, windows, found }: TrainedTagger,
  { changed, novelty, precision }: TrainedTagger,
): Artefact {
  const { base, scheme, form, recipe, options, labels, cuts, maxTokens, fold, rows } = work
  const signs = signsOfTexts(scored, windows, form.tags)
  const usual = usualSigns(signs)
  const heldAside = found.judged.map(
    (judged, i): HeldAside => ({
      ...judged,
      example: rows[fold.check[i]!]!.example,
      noveltyScore: noveltyScoreOf(signs[i]!, usual),
    }),
  )
  const weights = keptBytes(new Map([...changed, ...novelty]), precision)
  return {
    tier: 'micro',
    taskKind: 'extraction',
    files: new Map([[weightsFile, weights]]),
    meta: {
      tagger: describeTagger({
        base: { name: base.name, digest: base.digest },
        ...{ labels: [...labels], scheme: scheme.name, shapes: form.shapes, cuts: [...cuts], maxTokens },
        precision,
        ...{ outsideBias: found.form.outsideBias, score: found.form.scoreName, usual },
      }),
      training: {
        seed: options.seed,
        epochs: recipe.epochs,
        checkRows: found.judged.length,
        checkF1: found.f1,
        precision: precisionKind(precision),
        units: rows.reduce((sum, { tags }) => sum + tags.length, 0),
        spans: rows.reduce((sum, { wanted, lost }) => sum + wanted.length + lost, 0),
        unrepresentable: rows.reduce((sum, { lost }) => sum + lost, 0),
        sizeBytes: weights.length,
      },
    },
    heldAside,
  }
}

// Words beside the encoder: a nano specialist learned from the same rows, whose distribution over the labels is pooled with
// the encoder's (wide and deep, Cheng et al. 2016). An encoder of wordpieces and a sum over n-grams err on different
// texts; how much each counts is learned on rows that neither had seen, and where words add nothing they are left out.
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { Task } from '../../task/types.ts'
import {
  fitStacking,
  type StackedPair,
  stackedHeldAside,
  stackedPrediction,
  stackingRows,
  stackingSchema,
} from '../stacking.ts'
import type { Artefact, RawPredictor, Tier, TrainOptions } from '../tier.ts'

/** Files of the words' specialist inside the artefact. */
const folder = 'words/'

const kept = z.object({ stacking: stackingSchema, meta: z.record(z.string(), z.json()) })

/** With fewer rows too few are held aside by both to learn from how each counts. */
const leastRows = 200

/** What is to be trained. */
export interface WordsJob {
  readonly task: Task
  readonly set: ExampleSet
  readonly options: TrainOptions
}

/** Trains a classifier by `trainEncoder`, with words beside it where the tier for them is there and they add something. */
export async function trainWithWords(
  words: Tier | undefined,
  job: WordsJob,
  trainEncoder: (options: TrainOptions) => Promise<Artefact>,
): Promise<Artefact> {
  const { set, options } = job
  const began = performance.now()
  const beside = await trainWords(words, job)
  const { budgetMs } = options
  const left = budgetMs === undefined ? {} : { budgetMs: budgetMs - (performance.now() - began) }
  return joinWords(await trainEncoder({ ...options, ...left }), beside, set)
}

/** `undefined` where a task can have no words or its rows are too few. */
async function trainWords(
  words: Tier | undefined,
  { task, set, options: { seed, budgetMs, signal, progress, pooledLater } }: WordsJob,
): Promise<Artefact | undefined> {
  const isSingle = task.space.kind === 'labels' && !task.space.multiple
  if (!words || pooledLater || !isSingle || set.examples.length < leastRows) return undefined
  return words.train(task, set, {
    seed,
    ...(budgetMs !== undefined && { budgetMs: budgetMs * shareOfBudget }),
    ...(signal && { signal }),
    ...(progress && { progress: (at) => progress({ ...at, detail: 'words' }) }),
  })
}

/** The most of the time that words may take: they need a tenth of it where there is enough. */
const shareOfBudget = 0.2

/** The encoder's specialist with the words' one, where that tells the right answers better on rows held aside by both. */
function joinWords(encoder: Artefact, words: Artefact | undefined, { examples }: ExampleSet): Artefact {
  if (!words) return encoder
  const outputs = new Map(examples.map(({ id, output }) => [id, output]))
  const early = new Map(words.heldAside.map((row) => [row.example, row]))
  const paired = encoder.heldAside.flatMap((own): readonly StackedPair[] => {
    const output = own.example === undefined ? undefined : outputs.get(own.example)
    const earlier = early.get(own.example)
    return output && earlier ? [{ own, earlier, output }] : []
  })
  const stacking = fitStacking(paired.flatMap(stackingRows))
  if (!stacking) return encoder
  const files = [...words.files].map(([name, bytes]) => [folder + name, bytes] as const)
  const joined = new Map(paired.map((pair) => [pair.own.example, stackedHeldAside(pair, stacking)]))
  return {
    ...encoder,
    files: new Map([...encoder.files, ...files]),
    meta: { ...encoder.meta, words: { stacking: { ...stacking }, meta: words.meta as Json } },
    heldAside: encoder.heldAside.map((row) => joined.get(row.example) ?? row),
  }
}

/**
 * Loads the words' specialist that an artefact holds and pools what it says with the encoder's answers. Where it cannot
 * be loaded, the encoder is let go.
 */
export async function withWords(
  encoder: RawPredictor,
  artefact: Pick<Artefact, 'files' | 'meta'>,
  words: Tier | undefined,
): Promise<RawPredictor> {
  if (artefact.meta['words'] === undefined) return encoder
  try {
    return await pooledWithWords(encoder, artefact, words)
  } catch (cause) {
    await encoder.dispose()
    throw cause
  }
}

async function pooledWithWords(
  encoder: RawPredictor,
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  words: Tier | undefined,
): Promise<RawPredictor> {
  const parsed = kept.safeParse(meta['words'])
  if (!parsed.success) throw appError('artefact.other-version', { problem: `words: ${parsed.error.message}` })
  if (!words)
    throw appError('internal.bug', { problem: 'an artefact with words was loaded without the nano tier' })
  const own = new Map(
    [...files].flatMap(([name, bytes]) =>
      name.startsWith(folder) ? [[name.slice(folder.length), bytes] as const] : [],
    ),
  )
  const { stacking, meta: wordsMeta } = parsed.data
  const beside = await words.load({ taskKind: 'classification', files: own, meta: wordsMeta })
  return {
    get sizeBytes() {
      return encoder.sizeBytes + beside.sizeBytes
    },
    predict: async (inputs, options) => {
      const [said, wordwise] = await Promise.all([
        encoder.predict(inputs, options),
        beside.predict(inputs, options),
      ])
      return said.map((one, row) => stackedPrediction(one, wordwise[row]!.distribution, stacking))
    },
    dispose: async () => {
      await encoder.dispose()
      await beside.dispose()
    },
  }
}

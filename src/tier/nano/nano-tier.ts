// The nano tier: classification by word and character n-grams together with static embeddings, and extraction by a
// tagger (`extraction/`). Trains in seconds on one core, answers in tens to hundreds of microseconds, in any
// language, with no native code.
import { appError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Example } from '../../data/example.ts'
import { isTaught } from '../../data/example-set.ts'
import { sharedDenseMemory } from '../../model/linear/dense-memory.ts'
import type { StaticEmbedding } from '../../model/static-embedding.ts'
import { readStaticEmbedding } from '../../model/static-embedding-assets.ts'
import type { Task } from '../../task/types.ts'
import { dominantScript, type TableName, tableNames } from '../../text/script.ts'
import type { HeldAside, Tier } from '../tier.ts'
import { decodeModel, describe, describedFormat, parseDescription, weightsFile } from './artefact.ts'
import type { LabelledTexts } from './corpus.ts'
import { loadExtraction, trainExtraction } from './extraction/extraction.ts'
import { fingerprint } from './fingerprint.ts'
import { textOf } from './inputs.ts'
import { createNanoPredictor } from './predictor.ts'
import { withSoftRows } from './soft-rows.ts'
import { type Trained, trainInThread } from './training-thread.ts'

/** Addresses, not memory: what a server's specialists fill before theirs has to grow for the first time. */
const reservedBytes = 512 * 2 ** 20

/** The tier; its static tables are read once, when first needed. */
export function createNanoTier(): Tier {
  const tables = new Map<TableName, Promise<ReadTable>>()
  const tableOf = (name: TableName): Promise<ReadTable> => {
    const known = tables.get(name) ?? readTable(name)
    tables.set(name, known)
    return known
  }
  async function tableOfVersion(name: TableName, version: number): Promise<StaticEmbedding> {
    const { table, digest } = await tableOf(name)
    if (digest !== version) throw tableChanged(name)
    return table
  }
  return {
    kind: 'nano',
    can: { train: ['classification', 'extraction'], export: [] },
    async train(task, set, options) {
      const { examples } = set
      if (examples.length === 0) throw nothingToTrainOn()
      if (task.kind === 'extraction') {
        return trainExtraction(task, set, { ...options, tableOf: (texts) => dominantScript(sampleOf(texts)) })
      }
      const classes = classesOf(task, examples)
      const texts = examples.map(({ input }) => textOf(input))
      const table = dominantScript(sampleOf(texts))
      const hard = labelledTexts(examples, texts, classes)
      const byLabel = new Map(classes.map((names, at) => [names[0]!, at]))
      const labelled = isSingle(task) ? withSoftRows(hard, examples, (label) => byLabel.get(label)) : hard
      const { seed, budgetMs } = options
      const job = { texts: labelled, table, seed, ...(budgetMs !== undefined && { budgetMs }) }
      const trained = await trainInThread(job, options)
      return {
        tier: 'nano',
        taskKind: 'classification',
        files: new Map([[weightsFile, trained.weights]]),
        meta: {
          model: describeTrained(trained, classes, task, table),
          training: summary(trained, seed),
        },
        heldAside: namedHeldAside(trained, { examples, classes, isSingle: isSingle(task) }),
      }
    },
    async load({ taskKind, files, meta }) {
      if (taskKind === 'extraction') return loadExtraction({ files, meta }, tableOfVersion)
      const description = parseDescription(meta)
      const weights = files.get(weightsFile)
      if (!weights) throw appError('internal.bug', { problem: `a nano artefact has no ${weightsFile}` })
      const table = await tableOfVersion(description.table, description.tableFingerprint)
      return createNanoPredictor(decodeModel(weights, description), description, table)
    },
    async prepare() {
      sharedDenseMemory().reserve(reservedBytes)
      await Promise.all(tableNames.map(tableOf))
    },
  }
}

interface Naming {
  readonly examples: readonly Example[]
  readonly classes: readonly (readonly string[])[]
  /** True: an answer is one label, so that there is a distribution. */
  readonly isSingle: boolean
}

function isSingle({ space }: Task): boolean {
  return space.kind === 'labels' && !space.multiple
}

/** The rows held aside as other tiers can read them. */
function namedHeldAside(
  { findings }: Trained,
  { examples, classes, isSingle }: Naming,
): readonly HeldAside[] {
  const labels = classes.map((names) => names[0] ?? '')
  return findings.heldAside.map(({ row, probabilities, ...held }) => ({
    example: examples[row]!.id,
    ...held,
    ...(isSingle && { distribution: { labels, probabilities } }),
  }))
}

/** A static table, and what says which version of it it is. */
interface ReadTable {
  readonly table: StaticEmbedding
  readonly digest: number
}

async function readTable(name: TableName): Promise<ReadTable> {
  const table = await readStaticEmbedding(name)
  return { table, digest: fingerprint(table) }
}

/** The classes to tell apart: the labels of the space in its order, or the sets of labels that occur. */
function classesOf({ id, kind, space }: Task, examples: readonly Example[]): readonly (readonly string[])[] {
  if (kind !== 'classification' || space.kind !== 'labels') {
    throw appError('train.kind-not-yet', {
      task: id,
      kind,
      tier: 'nano',
      trains: 'classification and extraction',
    })
  }
  if (!space.multiple) return space.labels.map((label) => [label])
  const sets = new Map(examples.map(({ output }) => [keyOf(labelsOf(output)), labelsOf(output)]))
  return [...sets.keys()].sort().map((key) => sets.get(key)!)
}

function labelsOf(output: Example['output']): readonly string[] {
  if (output.kind === 'labels') return output.labels
  throw appError('internal.bug', {
    problem: `an example of a classification has an output of kind ${output.kind}`,
  })
}

const keyOf = (labels: readonly string[]): string => JSON.stringify([...labels].sort())

function labelledTexts(
  examples: readonly Example[],
  texts: readonly string[],
  classes: readonly (readonly string[])[],
): LabelledTexts {
  const numbers = new Map(classes.map((labels, index) => [keyOf(labels), index]))
  const groups = new Map<string, number>()
  const taught = Uint8Array.from(examples, (example) => Number(isTaught(example)))
  return {
    texts,
    // A teacher's word is no measure of how often the specialist is right, unless there is nothing else.
    ...(taught.includes(1) && taught.includes(0) && { onlyLearned: taught }),
    classCount: classes.length,
    classes: Int32Array.from(examples, ({ output }) => {
      const known = numbers.get(keyOf(labelsOf(output)))
      if (known !== undefined) return known
      throw appError('internal.bug', {
        problem: `the label ${keyOf(labelsOf(output))} is not in the task's output space`,
      })
    }),
    weights: Float32Array.from(examples, ({ weight }) => weight),
    groups: Int32Array.from(examples, ({ group, id }) => {
      const name = group ?? id
      const number = groups.get(name) ?? groups.size
      groups.set(name, number)
      return number
    }),
  }
}

const sampleUnits = 100_000

function sampleOf(texts: readonly string[]): string {
  const each = Math.ceil(sampleUnits / texts.length)
  return texts.map((text) => text.slice(0, each)).join(' ')
}

function describeTrained(
  { mixture, ngrams, lengths, usual, tableFingerprint }: Trained,
  classes: readonly (readonly string[])[],
  { space }: Task,
  table: TableName,
): Json {
  const multiple = space.kind === 'labels' && space.multiple
  return describe({
    format: describedFormat,
    ...{ classes, multiple, table, tableFingerprint, mixture, ngrams, lengths, usual },
  })
}

function summary({ findings, vocabularySize, weights }: Trained, seed: number): Json {
  const { stepping, sparseEpochs, denseEpochs, checkRows, checkAccuracy } = findings
  return {
    seed,
    stepping,
    sparseEpochs,
    denseEpochs,
    checkRows,
    checkAccuracy,
    vocabularySize,
    sizeBytes: weights.length,
  }
}

function nothingToTrainOn(): Error {
  return appError('usage.invalid', {
    problem: 'There is nothing to train on',
    hint: 'Import some examples first.',
  })
}

function tableChanged(table: TableName): Error {
  return appError('artefact.other-version', { problem: `its static table ${table} was another` })
}

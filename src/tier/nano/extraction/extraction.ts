// Extraction by the nano tier: a linear-chain tagger over sparse features and static embeddings, trained in a thread
// of its own.
import { appError } from '../../../base/errors.ts'
import type { Json } from '../../../base/json.ts'
import type { ExampleSet } from '../../../data/example.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import type { Task } from '../../../task/types.ts'
import type { TableName } from '../../../text/script.ts'
import type { Artefact, RawPredictor, TrainOptions } from '../../tier.ts'
import { runTraining } from '../training-thread.ts'
import {
  decodeTagger,
  describeTagger,
  parseTaggerDescription,
  type TaggerDescription,
  taggerFile,
} from './artefact.ts'
import type { SpannedTexts } from './corpus.ts'
import { createTaggerPredictor } from './predictor.ts'
import { type GatheredSpans, gatherSpans, labelsOf } from './spanned-texts.ts'
import type { TaggerFindings } from './train.ts'

/** What the training thread is given. */
export interface TaggerJob {
  readonly texts: SpannedTexts
  readonly table: TableName
  readonly labelCount: number
  readonly seed: number
  /** Time that training may take; with it the result depends on the machine. */
  readonly budgetMs?: number
}

/** What the training thread made. */
export interface TaggerTrained
  extends Pick<TaggerDescription, 'scheme' | 'mode' | 'axes' | 'tableFingerprint'> {
  readonly cuts: readonly number[]
  readonly weights: Uint8Array
  readonly findings: TaggerFindings
}

/** Trains an extraction; `tableOf` says which static table reads texts. */
export async function trainExtraction(
  task: Task,
  { examples }: ExampleSet,
  { tableOf, ...options }: TrainOptions & { tableOf(texts: readonly string[]): TableName },
): Promise<Artefact> {
  const labels = labelsOf(task)
  const gathered = gatherSpans(task, examples)
  const table = tableOf(gathered.texts)
  const { seed, budgetMs } = options
  const job: TaggerJob = {
    texts: {
      texts: gathered.texts,
      spans: gathered.spans,
      weights: gathered.weights,
      groups: gathered.groups,
    },
    ...{ table, labelCount: labels.length, seed },
    ...(budgetMs !== undefined && { budgetMs }),
  }
  const url = new URL('./train.worker.ts', import.meta.url)
  const trained = await runTraining<TaggerTrained>(url, job, options)
  const { scheme, mode, cuts, axes, tableFingerprint, findings, weights } = trained
  return {
    tier: 'nano',
    taskKind: 'extraction',
    files: new Map([[taggerFile, weights]]),
    meta: {
      tagger: describeTagger({
        ...{ labels: [...labels], scheme, mode, cuts: [...cuts], axes, table, tableFingerprint },
        outsideBias: findings.outsideBias,
        score: findings.scoreName,
      }),
      training: summary(findings, gathered, { seed, sizeBytes: weights.length }),
    },
    heldAside: findings.heldAside,
  }
}

function summary(
  { epochs, checkRows, checkF1, tokens, unrepresentable }: TaggerFindings,
  { spanCount, lostSpans }: GatheredSpans,
  run: { readonly seed: number; readonly sizeBytes: number },
): Json {
  return {
    ...run,
    epochs,
    checkRows,
    checkF1,
    tokens,
    spans: spanCount,
    unrepresentable: unrepresentable + lostSpans,
  }
}

/** Loads a tagger; `tableOf` gives its static table, and throws where that is another version than it was trained with. */
export async function loadExtraction(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  tableOf: (name: TableName, digest: number) => Promise<StaticEmbedding>,
): Promise<RawPredictor> {
  const description = parseTaggerDescription(meta)
  const weights = files.get(taggerFile)
  if (!weights) throw appError('internal.bug', { problem: `a nano artefact has no ${taggerFile}` })
  const table = await tableOf(description.table, description.tableFingerprint)
  return createTaggerPredictor(decodeTagger(weights), description, table)
}

/** Strict F1, training time and speed of the nano tier on two sets of entities, and three small corpora of questions. */
import type { JsonObject } from '../src/base/json.ts'
import { tfidfRegression } from '../src/eval/baselines.ts'
import { readStaticEmbedding } from '../src/model/static-embedding-assets.ts'
import { dominantScript } from '../src/text/script.ts'
import { decodeTagger, encodeTagger } from '../src/tier/nano/extraction/artefact.ts'
import { createTaggerPredictor } from '../src/tier/nano/extraction/predictor.ts'
import { gatherSpans, labelsOf } from '../src/tier/nano/extraction/spanned-texts.ts'
import { trainTagger } from '../src/tier/nano/extraction/train.ts'
import { startPace } from '../src/tier/nano/pace.ts'
import { type BraunName, braunFiles, readBraun } from './data/braun-sets.ts'
import {
  digestOf,
  type EntityRow,
  type EntitySetName,
  entityDigests,
  readEntitySplit,
  type SplitName,
} from './data/entity-sets.ts'
import { entityExamples, entityTask, scoreEntities, trainEntities } from './entity-run.ts'
import type { Bench, Figure } from './harness.ts'
import { scoreLabels, trainNanoOn } from './label-run.ts'

const targets = {
  wnut17: {
    f1: 0.28,
    seconds: 30,
    published: 'a linear-chain CRF with the usual features, measured earlier: 15.8 in 11 s',
  },
  resume_ner: {
    f1: 0.945,
    seconds: 30,
    published: 'a linear-chain CRF with the usual features, measured earlier: 93.9 in 14 s',
  },
} as const satisfies { readonly [N in EntitySetName]: unknown }

export const bench: Bench = {
  name: 'nano-extraction',
  title:
    'nano tier, strict entity F1 on official test rows, training in one thread, beside the same trainer with sparse features alone; intents and entities of braun_nlu',
  run: async ({ seed }) => {
    // `SHOAL_BENCH_SPLIT=dev` while anything is still being chosen: the test rows are for the end.
    const split: SplitName = process.env['SHOAL_BENCH_SPLIT'] === 'dev' ? 'dev' : 'test'
    const results: JsonObject[] = []
    const figures: Figure[] = []
    for (const set of ['wnut17', 'resume_ner'] as const) {
      const measured = await measureSet(set, split, seed)
      results.push({ set, ...measured })
      figures.push(...figuresOf(set, split, measured))
      process.stderr.write(`${JSON.stringify(results.at(-1))}\n`)
    }
    for (const corpus of Object.keys(braunFiles) as BraunName[]) {
      const measured = await measureBraun(corpus, seed)
      results.push({ set: `braun_nlu ${corpus}`, ...measured })
      figures.push(...braunFigures(corpus, measured))
      process.stderr.write(`${JSON.stringify(results.at(-1))}\n`)
    }
    const data = { ...entityDigests('wnut17'), ...entityDigests('resume_ner') }
    for (const file of Object.values(braunFiles)) data[file] = digestOf(file)
    return { seed, options: { split }, data, figures, results }
  },
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

interface Measured extends JsonObject {
  readonly f1: number
  readonly trainSeconds: number
  readonly plainF1: number
  readonly plainSeconds: number
}

async function measureSet(set: EntitySetName, split: SplitName, seed: number): Promise<Measured> {
  const train = readEntitySplit(set, 'train')
  const rows = readEntitySplit(set, split)
  const { artefact, predictor, trainSeconds } = await trainEntities(train, seed)
  const scores = await scoreEntities(predictor, rows)
  await predictor.dispose()
  const plain = await measurePlain(train, rows, seed)
  return {
    ...scores,
    trainSeconds,
    plainF1: plain.f1,
    plainSeconds: plain.seconds,
    trainRows: train.length,
    rows: rows.length,
    sizeBytes: sizeOf(artefact.files),
    training: artefact.meta['training'] ?? null,
  }
}

const sizeOf = (files: ReadonlyMap<string, Uint8Array>): number =>
  [...files.values()].reduce((sum, { length }) => sum + length, 0)

/** The peer: the same trainer with sparse features alone. No library of JavaScript that is kept up trains a CRF. */
async function measurePlain(
  train: readonly EntityRow[],
  rows: readonly EntityRow[],
  seed: number,
): Promise<{ readonly f1: number; readonly seconds: number }> {
  const task = entityTask(train)
  const began = performance.now()
  const name = dominantScript(train.map(({ text }) => text).join(' '))
  const table = await readStaticEmbedding(name)
  const labels = labelsOf(task)
  const trained = trainTagger(gatherSpans(task, entityExamples(train).examples), table, {
    ...{ seed, labelCount: labels.length, network: false },
    pace: startPace(() => {}, undefined),
  })
  const seconds = (performance.now() - began) / 1000
  const { scheme, mode, axes, cuts, findings } = trained
  const predictor = createTaggerPredictor(
    decodeTagger(encodeTagger(trained)),
    {
      ...{ format: 1, labels: [...labels], scheme, mode, axes, cuts: [...cuts] },
      ...{ outsideBias: findings.outsideBias, score: findings.scoreName, table: name, tableFingerprint: 0 },
    },
    table,
  )
  const { f1 } = await scoreEntities(predictor, rows)
  await predictor.dispose()
  return { f1, seconds }
}

function figuresOf(set: EntitySetName, split: SplitName, measured: Measured): readonly Figure[] {
  const { f1, seconds, published } = targets[set]
  const peer = `the same trainer without embeddings: ${percent(measured.plainF1)} in ${measured.plainSeconds.toFixed(1)} s; ${published}`
  return [
    {
      what: `${set}, strict entity F1 on the official ${split} rows`,
      measured: percent(measured.f1),
      target: `at least ${percent(f1)}`,
      met: measured.f1 >= f1,
      peer,
    },
    {
      what: `${set}, seconds of training in one thread, everything included`,
      measured: measured.trainSeconds.toFixed(1),
      target: `at most ${seconds}`,
      met: measured.trainSeconds <= seconds,
      peer,
    },
  ]
}

interface MeasuredBraun extends JsonObject {
  readonly intentAccuracy: number
  readonly baselineAccuracy: number
  readonly f1: number
}

async function measureBraun(corpus: BraunName, seed: number): Promise<MeasuredBraun> {
  const { train, test, lostEntities } = readBraun(corpus)
  const intents = (rows: typeof train) => rows.map(({ text, intent }) => [text, intent] as const)
  const intent = await trainNanoOn(intents(train), seed)
  const { accuracy } = await scoreLabels(intent.predictor, intents(test))
  await intent.predictor.dispose()
  const fitted = await tfidfRegression.fit(
    train.map(({ text }) => text),
    train.map((row) => row.intent),
    { seed },
  )
  const answers = await fitted.predict(test.map(({ text }) => text))
  const known = new Set(train.flatMap(({ spans }) => spans.map(({ label }) => label)))
  const { predictor, trainSeconds } = await trainEntities(train, seed)
  const scores = await scoreEntities(predictor, test)
  await predictor.dispose()
  return {
    intentAccuracy: accuracy,
    baselineAccuracy: answers.filter((answer, row) => answer === test[row]!.intent).length / test.length,
    ...scores,
    trainSeconds,
    trainRows: train.length,
    testRows: test.length,
    lostEntities,
    entitiesOfUnseenKinds: test.flatMap(({ spans }) => spans).filter(({ label }) => !known.has(label)).length,
  }
}

function braunFigures(corpus: BraunName, measured: MeasuredBraun): readonly Figure[] {
  return [
    {
      what: `braun_nlu ${corpus}, accuracy of intents on its test rows`,
      measured: percent(measured.intentAccuracy),
      target: 'at least the TF-IDF baseline',
      met: measured.intentAccuracy >= measured.baselineAccuracy,
      peer: `TF-IDF + logistic regression, same rows: ${percent(measured.baselineAccuracy)}`,
    },
    {
      what: `braun_nlu ${corpus}, strict F1 of entities on its test rows`,
      measured: percent(measured.f1),
      target: 'reported',
      met: true,
    },
  ]
}

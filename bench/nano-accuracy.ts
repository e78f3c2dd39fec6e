/** Accuracy of the nano tier on seven labelled tasks, seeds 0 to 2, beside the plain baseline and the targets. */
import type { JsonObject } from '../src/base/json.ts'
import { tfidfRegression } from '../src/eval/baselines.ts'
import { fewRows, type Row, readSet, type SetName, setNames } from './data/labelled-sets.ts'
import type { Bench, Figure } from './harness.ts'
import { type LabelScores, scoreLabels, trainNanoOn } from './label-run.ts'

interface Measured {
  readonly set: SetName
  /** Rows of each label, where not all are trained on. */
  readonly perClass?: number
  readonly target: number
}

const tasks: readonly Measured[] = [
  { set: 'banking77', target: 0.93 },
  { set: 'banking77', perClass: 10, target: 0.82 },
  { set: 'clinc150', target: 0.95 },
  { set: 'sst2', target: 0.855 },
  { set: 'ag_news', target: 0.89 },
  { set: 'dair_emotion', target: 0.895 },
  { set: 'chnsenticorp', target: 0.915 },
]
const seeds = 3

export const bench: Bench = {
  name: 'nano-accuracy',
  title: 'nano tier, accuracy on official test rows, mean of three seeds, against the targets of the design',
  run: async ({ seed }) => {
    const only = process.env['SHOAL_BENCH_ONLY']?.split(',')
    const results: JsonObject[] = []
    const figures: Figure[] = []
    for (const task of tasks) {
      const name = task.perClass ? `${task.set}:${task.perClass}` : task.set
      if (only && !only.includes(name)) continue
      const measured = await measure(task, seed)
      results.push({ task: name, ...measured })
      figures.push({
        what: `${name}, accuracy on the official test rows, mean of ${seeds} seeds`,
        measured: percent(measured.accuracy),
        target: `at least ${percent(task.target)}`,
        met: measured.accuracy >= task.target,
        peer: `TF-IDF + logistic regression, same rows: ${percent(measured.baselineAccuracy)}`,
      })
      process.stderr.write(`${JSON.stringify(results.at(-1))}\n`)
    }
    const digests = setNames.flatMap((name) => Object.entries(readSet(name).digests))
    return {
      seed,
      options: { seeds, only: only ?? null },
      data: Object.fromEntries(digests),
      figures,
      results,
    }
  },
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

interface TaskScores extends JsonObject {
  readonly accuracy: number
  readonly baselineAccuracy: number
}

async function measure({ set, perClass, target }: Measured, firstSeed: number): Promise<TaskScores> {
  const { train, test } = readSet(set)
  const runs: (LabelScores & { trainSeconds: number; sizeBytes: number; training: string })[] = []
  const baselines: number[] = []
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const rows = perClass ? fewRows(train, perClass, seed) : train
    const { artefact, predictor, trainSeconds } = await trainNanoOn(rows, seed)
    const sizeBytes = [...artefact.files.values()].reduce((sum, { length }) => sum + length, 0)
    const training = JSON.stringify(artefact.meta['training'])
    runs.push({ ...(await scoreLabels(predictor, test)), trainSeconds, sizeBytes, training })
    await predictor.dispose()
    if (perClass || seed === firstSeed) baselines.push(await baselineAccuracy(rows, test, seed))
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    target,
    accuracy: mean(runs.map(({ accuracy }) => accuracy)),
    coverageAt2: mean(runs.map(({ coverageAt2 }) => coverageAt2)),
    baselineAccuracy: mean(baselines),
    trainRows: perClass ? fewRows(train, perClass, firstSeed).length : train.length,
    testRows: test.length,
    runs: runs.map((run) => ({ ...run })),
  }
}

async function baselineAccuracy(train: readonly Row[], test: readonly Row[], seed: number): Promise<number> {
  const fitted = await tfidfRegression.fit(
    train.map(([text]) => text),
    train.map(([, label]) => label),
    { seed },
  )
  const answers = await fitted.predict(test.map(([text]) => text))
  return answers.filter((answer, row) => answer === test[row]![1]).length / test.length
}

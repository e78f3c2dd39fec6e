/** How much of banking77's test set a certificate at 2% lets a nano specialist answer, beside the best threshold in hindsight. */

import { systemClock } from '../src/base/clock.ts'
import type { Json } from '../src/base/json.ts'
import { splitExamples } from '../src/data/splits.ts'
import { bestInHindsight, riskCoverageCurve } from '../src/stats/risk-coverage.ts'
import { noveltyOf } from '../src/trust/calibration.ts'
import { chooseSplitSizes } from '../src/trust/calibration-size.ts'
import { certify } from '../src/trust/certify.ts'
import { loadSet } from './certificate-data.ts'
import { judgedModel, taskOf } from './certificate-model.ts'
import type { Bench, Figure } from './harness.ts'

const target = { risk: 0.02, delta: 0.05 }
const modelSeeds = 3

async function measure(seed: number) {
  const set = loadSet('banking77')
  const sizes = chooseSplitSizes(set.train.length, target, { hasTestFile: true })
  const splits = splitExamples(set.train, {
    seed,
    test: set.test,
    fractions: { train: sizes.train, calibration: sizes.calibration, test: 0 },
  })
  const { calibration: calibrationPart, test } = splits
  const model = await judgedModel(
    taskOf('banking77', set.train, target),
    splits.train,
    [calibrationPart.examples, test.examples],
    seed,
  )
  const { certificate, calibration } = certify({
    target,
    wrongMeans: 'error',
    heldAside: model.heldAside,
    calibration: model.parts[0]!,
    test: model.parts[1]!,
    trainRows: splits.train.examples.length,
    holdsFor: { specialists: [], maskingVersion: 0 },
    data: { train: splits.train.digest, calibration: calibrationPart.digest, test: test.digest },
    clock: systemClock,
  })
  const known = model.parts[1]!.filter(
    (row) => noveltyOf(calibration, row.noveltyScore) <= certificate.noveltyLimit,
  )
  const best = bestInHindsight(riskCoverageCurve(known), target.risk)
  return {
    seed,
    trainRows: splits.train.examples.length,
    trainSeconds: model.trainSeconds,
    accuracy: model.parts[1]!.filter((row) => row.correct).length / test.examples.length,
    calibration: { ...certificate.calibration },
    test: { ...certificate.test },
    realisedError: certificate.test.n === 0 ? 0 : certificate.test.errors / certificate.test.n,
    coverage: certificate.test.coverage,
    best: (best?.n ?? 0) / test.examples.length,
  }
}

export const bench: Bench = {
  name: 'certificate-coverage',
  title:
    'banking77 at risk 0.02, delta 0.05: coverage on test at least 0.72 on average, never 0, within 0.10 of the best in hindsight; realised error at most 0.02.',
  async run({ seed }) {
    const runs: Awaited<ReturnType<typeof measure>>[] = []
    for (let model = seed; model < seed + modelSeeds; model++) {
      runs.push(await measure(model))
      console.error(JSON.stringify(runs.at(-1)))
    }
    const mean = (of: (run: (typeof runs)[number]) => number): number =>
      runs.reduce((sum, run) => sum + of(run), 0) / runs.length
    const results: Json = {
      meanCoverage: mean((run) => run.coverage),
      meanBestInHindsight: mean((run) => run.best),
      leastCoverage: Math.min(...runs.map((run) => run.coverage)),
      runs,
    }
    const { digests } = loadSet('banking77')
    return { seed, options: { ...target, modelSeeds }, data: digests, figures: figuresOf(runs), results }
  },
}

function figuresOf(runs: readonly Awaited<ReturnType<typeof measure>>[]): readonly Figure[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
  const mean = runs.reduce((sum, run) => sum + run.coverage, 0) / runs.length
  const least = Math.min(...runs.map((run) => run.coverage))
  const gap = Math.max(...runs.map((run) => run.best - run.coverage))
  const worst = Math.max(...runs.map((run) => run.realisedError))
  const each = (of: (run: (typeof runs)[number]) => number): string =>
    runs.map((run) => percent(of(run))).join(', ')
  return [
    {
      what: 'coverage on test, mean of the seeds',
      measured: `${percent(mean)} (${each((run) => run.coverage)})`,
      target: 'at least 72%, no seed at 0',
      met: mean >= 0.72 && least > 0,
      peer: 'TF-IDF, each threshold alone (not valid): 68.7 to 78.7%',
    },
    {
      what: 'points below the best threshold in hindsight, worst seed',
      measured: `${(100 * gap).toFixed(1)} (best: ${each((run) => run.best)})`,
      target: 'at most 10',
      met: gap <= 0.1,
    },
    {
      what: 'realised error on test, worst seed',
      measured: `${percent(worst)} (${each((run) => run.realisedError)})`,
      target: 'at most 2%',
      met: worst <= 0.02,
    },
  ]
}

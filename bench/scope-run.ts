/** Texts out of scope on clinc150, by any tier: how well its novelty tells them, and the rule of the gateway. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../src/base/json.ts'
import { auroc } from '../src/stats/ranking.ts'
import type { RawPrediction } from '../src/tier/tier.ts'
import { calibratedPrediction } from '../src/trust/calibrated-predictor.ts'
import { type Calibration, fitCalibration } from '../src/trust/calibration.ts'
import { noveltyLimitFor } from '../src/trust/novelty-limit.ts'
import { dataFolder, type Row } from './data/labelled-sets.ts'
import type { TierRun } from './label-run.ts'

const falseAlarms = 0.05

/** How well a score tells texts out of scope: larger is further out. */
export interface Told extends JsonObject {
  readonly auroc: number
  /** Share of the texts out of scope above the score that 5% of those in scope exceed. */
  readonly caughtAt5: number
}

export interface Scope extends JsonObject {
  readonly novelty: Told
  /** The gateway's rule: what is novel goes upstream, the rest where its confidence is too low. */
  readonly gateway: Told
  readonly topProbability: Told
  /** Share called novel at the limit that the gateway keeps, and of in-scope rows. */
  readonly novelAtLimit: number
  readonly falseNovel: number
}

/** The file of the set. */
export const clincFile = (): string => join(dataFolder(), 'clinc150', 'data_full.json')

/** Official rows: to train on, in scope, out of scope. */
export function scopeRows(): { readonly train: Row[]; readonly inside: Row[]; readonly outside: Row[] } {
  const { train, test, oos_test }: { train: Row[]; test: Row[]; oos_test: Row[] } = JSON.parse(
    readFileSync(clincFile(), 'utf8'),
  )
  return { train, inside: test, outside: oos_test }
}

/** What a specialist trained on the set's rows says of those in and out of scope. */
export async function measureScope(run: Pick<TierRun, 'artefact' | 'predictor'>): Promise<Scope> {
  const { inside, outside } = scopeRows()
  const { predictions, calibration, limit } = await askOf(run, [...inside, ...outside])
  const told = (scores: readonly number[]): Told => tell(scores, inside.length)
  const said = predictions.map((raw) => calibratedPrediction(raw, calibration))
  const novel = said.map(({ novelty }) => novelty > limit)
  const share = (part: readonly boolean[]): number => part.filter(Boolean).length / part.length
  return {
    novelty: told(predictions.map(({ noveltyScore }) => noveltyScore)),
    gateway: told(said.map(({ confidence }, at) => (novel[at] ? 1 : 0) - confidence)),
    topProbability: told(predictions.map(({ score }) => -score)),
    novelAtLimit: share(novel.slice(inside.length)),
    falseNovel: share(novel.slice(0, inside.length)),
  }
}

/** How well scores tell the texts after the first `inScope`. */
export function tell(scores: readonly number[], inScope: number): Told {
  const limit = scores.slice(0, inScope).sort((a, b) => b - a)[Math.floor(inScope * falseAlarms)]!
  const outside = scores.slice(inScope)
  return {
    auroc: auroc(scores.map((score, at) => ({ score, positive: at >= inScope })))!,
    caughtAt5: outside.filter((score) => score > limit).length / outside.length,
  }
}

export interface Asked {
  readonly predictions: readonly RawPrediction[]
  readonly calibration: Calibration
  readonly limit: number
}

/** Answers; novelty and its limit come from rows held aside of the training rows. */
export async function askOf(
  { artefact: { heldAside }, predictor }: Pick<TierRun, 'artefact' | 'predictor'>,
  asked: readonly Row[],
): Promise<Asked> {
  const predictions = await predictor.predict(asked.map(([text]) => ({ kind: 'text', text })))
  const calibration = fitCalibration(heldAside, heldAside)
  return { predictions, calibration, limit: noveltyLimitFor(heldAside.length) }
}

/**
 * Accuracy of the micro tier on labelled tasks, full and of few rows, beside the targets and the published or measured
 * rivals. `SHOAL_HOME` names the folder with the base models; parts are resumed; `SHOAL_BENCH_ONLY` picks some of them.
 */
import { isJsonObject, type Json, type JsonObject } from '../src/base/json.ts'
import { createMicroTier } from '../src/tier/micro/micro-tier.ts'
import { withMicroParts } from './base-models.ts'
import { resumableCells } from './cells.ts'
import { devRows, fewRows, type Row, readSet, type SetName } from './data/labelled-sets.ts'
import { type FewPeer, fewPeer, type PeerScores } from './few-peers.ts'
import type { Bench, Figure } from './harness.ts'
import { scoreLabels, trainOn } from './label-run.ts'
import { measureScope, type Scope, type Told } from './scope-run.ts'

interface Measured {
  readonly set: SetName
  readonly perClass?: number
  /** Accuracy that the issue asks for; absent: reported. */
  readonly target?: number
  /** Seconds of training that the issue allows. */
  readonly seconds?: number
  readonly seeds: readonly number[]
  readonly rival: string
  /** Of few rows: the seeds that SetFit trains on too, where a Python is named; it takes minutes each. */
  readonly setFit?: readonly number[]
}

const tasks: readonly Measured[] = [
  {
    ...{ set: 'banking77', perClass: 10, target: 0.88, seconds: 60, seeds: [0, 1, 2] },
    ...{ rival: 'frozen MiniLM-L6 + LR 85.4; SetFit 79.9 in 659 s', setFit: [] },
  },
  { set: 'sst2', perClass: 8, seeds: [0, 1, 2], rival: 'SetFit MiniLM-L6 59.9', setFit: [0, 1, 2] },
  { set: 'sst2', perClass: 64, seeds: [0, 1, 2], rival: 'none published', setFit: [0] },
  { set: 'dair_emotion', perClass: 8, seeds: [0, 1, 2], rival: 'SetFit MiniLM-L6 38.5', setFit: [0, 1, 2] },
  { set: 'dair_emotion', perClass: 64, seeds: [0, 1, 2], rival: 'none published', setFit: [0] },
  {
    ...{ set: 'banking77', target: 0.945, seconds: 360, seeds: [0] },
    rival: 'PyTorch fine-tuning of MiniLM-L6 94.06 in 509 s',
  },
  { set: 'clinc150', target: 0.965, seeds: [0], rival: 'frozen MiniLM-L6 + LR 95.3' },
  { set: 'dair_emotion', target: 0.925, seeds: [0], rival: 'TF-IDF + LR 87.6' },
  { set: 'chnsenticorp', target: 0.94, seeds: [0], rival: 'TF-IDF of characters + LR 90.8' },
  {
    ...{ set: 'sst2', target: 0.91, seeds: [0] },
    rival: 'PyTorch fine-tuning of MiniLM-L6 on 8,000 rows 87.4',
  },
]

export const bench: Bench = {
  name: 'micro-accuracy',
  title: 'micro tier, accuracy on official test rows, full sets and few rows a class',
  run: async () => {
    const only = process.env['SHOAL_BENCH_ONLY']?.split(',')
    // `SHOAL_BENCH_SPLIT=dev` while anything is still being chosen: the test rows are for the end.
    const split = process.env['SHOAL_BENCH_SPLIT'] === 'dev' ? 'dev' : 'test'
    const results: JsonObject[] = []
    const figures: Figure[] = []
    const data: Record<string, string> = {}
    for (const task of tasks) {
      const name = task.perClass ? `${task.set}:${task.perClass}` : task.set
      if (only && !only.includes(name)) continue
      Object.assign(data, readSet(task.set).digests)
      const measured = await measure(task, name, split)
      results.push({ task: name, ...measured })
      figures.push(...figuresOf(task, name, measured))
    }
    return { seed: 0, options: { only: only ?? null, split }, data, figures, results }
  },
}

const cell = resumableCells('micro-accuracy', [
  'tier/micro',
  'tier/nano',
  'model/encoder',
  'runtime/training',
])

interface Scores extends JsonObject {
  readonly accuracy: number
  readonly trainSeconds: number
  /** Of clinc150. */
  readonly scope?: Scope
  /** Of few rows: what the peers make of the same ones. */
  readonly peers?: JsonObject
}

async function measure(task: Measured, name: string, split: 'dev' | 'test'): Promise<Scores> {
  const runs: JsonObject[] = []
  for (const seed of task.seeds) {
    runs.push(
      await cell({ task: name, seed, split }, async () => {
        const { train, test } = readSet(task.set)
        const parts = split === 'dev' ? devRows(train) : { train, held: test }
        const rows = task.perClass ? fewRows(parts.train, task.perClass, seed) : parts.train
        return runOnce(rows, parts.held, { seed, withScope: task.set === 'clinc150' && split === 'test' })
      }),
    )
  }
  const mean = (field: string): number => runs.reduce((sum, run) => sum + Number(run[field]), 0) / runs.length
  const [first] = runs
  const scope = first?.['scope']
  return {
    accuracy: mean('accuracy'),
    trainSeconds: mean('trainSeconds'),
    runs,
    ...(scope && { scope: scope as Scope }),
    ...(task.setFit && split === 'test' && { peers: await measurePeers(task, name) }),
  }
}

/** Mean accuracies of the peers, and the seeds that they are of. */
async function measurePeers(
  { set, perClass, seeds, setFit = [] }: Measured,
  name: string,
): Promise<JsonObject> {
  const { train, test } = readSet(set)
  const means: [FewPeer, JsonObject][] = []
  for (const [peer, of] of [['frozen_regression', seeds] as const, ['setfit_few', setFit] as const]) {
    const runs: PeerScores[] = []
    for (const seed of of) {
      const rows = fewRows(train, perClass ?? 0, seed)
      const run = await fewPeer(peer, { rows, held: test, about: { task: name } }, seed)
      if (run) runs.push(run)
    }
    const mean = (field: 'accuracy' | 'trainSeconds'): number =>
      runs.reduce((sum, run) => sum + run[field], 0) / runs.length
    if (runs.length > 0)
      means.push([
        peer,
        { seeds: runs.length, accuracy: mean('accuracy'), trainSeconds: mean('trainSeconds') },
      ])
  }
  return Object.fromEntries(means)
}

async function runOnce(
  rows: readonly Row[],
  held: readonly Row[],
  { seed, withScope }: { readonly seed: number; readonly withScope: boolean },
): Promise<JsonObject> {
  return withMicroParts(async (parts) => {
    const tier = createMicroTier(parts)
    const { artefact, predictor, trainSeconds } = await trainOn(tier, rows, { seed })
    const began = performance.now()
    const scores = await scoreLabels(predictor, held)
    const textsPerSecond = held.length / ((performance.now() - began) / 1000)
    const sizeBytes = [...artefact.files.values()].reduce((sum, { length }) => sum + length, 0)
    const training = artefact.meta['training'] ?? null
    const words = artefact.meta['words'] ?? null
    const scope = withScope ? { scope: await measureScope({ artefact, predictor }) } : {}
    await predictor.dispose()
    return {
      ...{ ...scores, trainSeconds, textsPerSecond, sizeBytes, training, ...scope },
      words: isJsonObject(words) ? (words['stacking'] ?? null) : null,
      trainRows: rows.length,
      heldRows: held.length,
    }
  })
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

function figuresOf(
  task: Measured,
  name: string,
  { accuracy, trainSeconds, scope, peers = {} }: Scores,
): readonly Figure[] {
  const seeds = task.seeds.length === 1 ? 'seed 0' : `mean of ${task.seeds.length} seeds`
  return [
    {
      what: `${name}, accuracy, ${seeds}`,
      measured: percent(accuracy),
      target: task.target === undefined ? 'reported' : `at least ${percent(task.target)}`,
      met: task.target === undefined || accuracy >= task.target,
      peer: [task.rival, ...Object.entries(peers).map(peerText)].join('; '),
    },
    ...(task.seconds === undefined
      ? []
      : [
          {
            what: `${name}, training`,
            measured: `${trainSeconds.toFixed(1)} s`,
            target: `at most ${task.seconds} s`,
            met: trainSeconds <= task.seconds,
          },
        ]),
    ...(scope === undefined ? [] : scopeFigures(scope)),
  ]
}

function peerText([peer, scores]: readonly [string, Json]): string {
  if (!isJsonObject(scores)) return ''
  const { accuracy, seeds, trainSeconds } = scores
  return `same rows, ${peer}: ${percent(Number(accuracy))} (seeds: ${seeds}; ${Number(trainSeconds).toFixed(0)} s)`
}

function scopeFigures({ novelty, gateway }: Scope): readonly Figure[] {
  const told = (called: string, { auroc, caughtAt5 }: Told): readonly Figure[] => [
    {
      what: `clinc150 out-of-scope, AUROC of ${called}, seed 0`,
      measured: auroc.toFixed(4),
      ...{ target: 'at least 0.975', met: auroc >= 0.975 },
    },
    {
      what: `clinc150 out-of-scope, caught at 5% false alarms by ${called}, seed 0`,
      measured: percent(caughtAt5),
      ...{ target: 'at least 88%', met: caughtAt5 >= 0.88 },
    },
  ]
  return [
    ...told('the novelty score', novelty),
    ...told("the gateway's rule (novel, else by confidence)", gateway),
  ]
}

/**
 * Training with `--tier auto`: the small tier first, the larger one only where it buys something, on the same split, and
 * then both as a cascade under one certificate. What is to serve is chosen by held-aside rows (`choose-tier.ts`).
 */
import { appError } from '../base/errors.ts'
import { metered } from '../meter/energy-meter.ts'
import { specialistDigest } from '../registry/manifest-file.ts'
import { checkAdapter } from '../tier/check-adapter.ts'
import type { Tier } from '../tier/tier.ts'
import { expectedCoverage, rankedByScore } from '../trust/candidates.ts'
import { type Behind, type ServedCascade, servedBehind } from './cascade-card.ts'
import { type TierChoice, worthServing, worthTrying } from './choose-tier.ts'
import { pairedHeldAside } from './paired-rows.ts'
import { stackSecond } from './stack-second.ts'
import type { TaskRows } from './task-rows.ts'
import { beginRun, compare, publishTrained, type TrainedSpecialist, trainSpecialist } from './train.ts'
import type { TrainRequest, TrainShop } from './train-request.ts'
import { splitRows, trainTier } from './train-tier.ts'
import type { CardParts, Trained } from './trained-card.ts'

export interface AutoShop extends Omit<TrainShop, 'tier'> {
  readonly first: Tier
  /** Absent: it is not set up here, and nothing but the first is trained. */
  readonly second?: Tier
}

export interface AutoTrained {
  readonly first: TrainedSpecialist
  /** The cascade of both, where the larger tier was tried. */
  readonly second?: TrainedSpecialist
  /** The one that is to serve, if it may. */
  readonly chosen: TrainedSpecialist
  /** Why, in sentences. */
  readonly why: readonly string[]
}

/**
 * Trains, certifies and publishes the first tier, and the second behind it where that should buy something; the second
 * alone where the first does not train the kind. Promotes nothing.
 */
export async function trainAuto(shop: AutoShop, rows: TaskRows, request: TrainRequest): Promise<AutoTrained> {
  const { clock, first: small, second: large } = shop
  if (large !== undefined) checkAdapter(large, rows.task.kind, request)
  if (large !== undefined && !small.can.train.includes(rows.task.kind)) {
    const only = await trainSpecialist({ ...shop, tier: large }, rows, request)
    const why = `${small.kind} does not train ${rows.task.kind}: the ${large.kind} tier was trained alone.`
    return { first: only, chosen: only, why: [why] }
  }
  const beganMs = clock.monotonicMs()
  const base = await metered(() => trainFirst(shop, rows, request))
  const first: TrainedSpecialist = { ...base.result.specialist, cost: base.cost }
  const chance = whetherToTry(shop, base.result.trained, {
    ...request,
    ...(request.budgetMs !== undefined && {
      budgetMs: request.budgetMs - (clock.monotonicMs() - beganMs),
    }),
  })
  if (!chance.goOn) return { first, chosen: first, why: [`The larger tier was not tried: ${chance.why}`] }
  const budgetMs =
    request.budgetMs === undefined ? {} : { budgetMs: request.budgetMs - (clock.monotonicMs() - beganMs) }
  const more = await metered(() =>
    trainSecond(shop, { rows, first, trained: base.result.trained }, { ...request, ...budgetMs }),
  )
  const second: TrainedSpecialist = { ...more.result.specialist, cost: more.cost }
  const choice = worthServing(more.result.coverage)
  const tried = `The larger tier was tried: ${chance.why}`
  return choice.goOn
    ? { first, second, chosen: second, why: [tried, `The cascade is to serve: ${choice.why}`] }
    : { first, second, chosen: first, why: [tried, `nano alone is to serve: ${choice.why}`] }
}

async function trainFirst(shop: AutoShop, rows: TaskRows, request: TrainRequest) {
  const run = beginRun(shop.clock)
  const { base: _, checkpointFolder: __, lora: ___, ...own } = request
  const splits = splitRows(rows, own)
  const trained = await trainTier({ ...shop, tier: shop.first }, { task: rows.task, splits }, own)
  const comparison = await compare(trained, own)
  return { trained, specialist: await publishTrained(shop, { rows, trained, comparison, run }, own) }
}

function whetherToTry(
  shop: AutoShop,
  { task, artefact, splits }: Trained,
  request: TrainRequest,
): TierChoice {
  const { second } = shop
  if (second === undefined) return { goOn: false, why: 'it is not set up here: run `shoal setup micro`.' }
  if (!second.can.train.includes(task.kind))
    return { goOn: false, why: `the ${second.kind} tier does not train ${task.kind}.` }
  const promised = task.promise === 'parts' ? { promise: task.promise } : {}
  return worthTrying({
    expectedCoverage: expectedCoverage({
      target: task.risk,
      calibrationRows: splits.calibration.examples.length,
    })(rankedByScore(artefact.heldAside, promised)),
    ...(request.budgetMs !== undefined && { budgetLeftMs: request.budgetMs }),
    ...(request.economics && { economics: request.economics }),
  })
}

interface SecondInput {
  readonly rows: TaskRows
  readonly first: TrainedSpecialist
  readonly trained: Trained
}

async function trainSecond(
  shop: AutoShop,
  { rows, first, trained: before }: SecondInput,
  request: TrainRequest,
) {
  const run = beginRun(shop.clock)
  const tier = shop.second
  if (tier === undefined) throw appError('internal.bug', { problem: 'a tier that is not there was to train' })
  const { task, splits, baselines, findings } = before
  const own = { ...request, withoutBaselines: true, pooledLater: true }
  const alone = await trainTier({ ...shop, tier }, { task, splits }, own)
  const pairs = await pairedHeldAside(
    {
      ...{ task, train: splits.train, first: shop.first },
      firstArtefact: before.artefact,
      secondArtefact: alone.artefact,
    },
    request,
  )
  const { trained, heldAside } = stackSecond(before, {
    trained: { ...alone, baselines, findings },
    heldAside: pairs,
  })
  const reference = { id: first.manifest.id, digest: specialistDigest(before.published) }
  const behind: Behind = { reference, card: first.card, trained: before, heldAside }
  const served = servedBefore(shop, { rows, trained }, { behind, request })
  const comparison = await compare(trained, request, served.predictions)
  const specialist = await publishTrained(
    shop,
    {
      ...{ rows, trained, comparison, run },
      cascade: { before: [reference], serve: (id, parts) => servedBehind(id, parts, behind) },
    },
    request,
  )
  const promised = task.promise === 'parts' ? { promise: task.promise } : {}
  const firsts = heldAside.map((row) => row.first)
  const coverage = {
    first: expectedCoverage({
      target: task.risk,
      calibrationRows: splits.calibration.examples.length,
    })(rankedByScore(firsts, promised)),
    both: served.plan.expectedCoverage,
  }
  return { specialist, coverage }
}

/** The answers of both together, for the comparison that the card needs before its version has a name. */
function servedBefore(
  { clock, version }: AutoShop,
  { rows, trained }: Pick<SecondInput, 'rows' | 'trained'>,
  { behind, request }: { readonly behind: Behind; readonly request: TrainRequest },
): ServedCascade {
  const { seed, budgetMs } = request
  const parts: CardParts = {
    ...{ trained, rows, clock, version, seed, budgetMs, cpuMs: 0 },
    comparison: undefined,
    economics: undefined,
  }
  return servedBehind(behind.reference.id, parts, behind)
}

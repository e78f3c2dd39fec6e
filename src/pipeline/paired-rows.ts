/** Rows inside the training part that two tiers answered without having seen them: how a cascade of both is planned. */
import { assert } from '../base/errors.ts'
import type { ExampleId } from '../base/ids.ts'
import { seededRandom } from '../base/random.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleSet } from '../data/example-set.ts'
import type { Task } from '../task/types.ts'
import type { Artefact, HeldAside, Tier } from '../tier/tier.ts'
import type { PairedRow } from '../trust/cascade-plan.ts'
import { writablePredictor } from '../trust/writable-predictor.ts'
import type { TrainRequest } from './train-request.ts'
import { predictRows, tierOptions } from './train-tier.ts'
import { judgedSet } from './trained-card.ts'

/** What both said of a training example. */
export interface PairedExample extends PairedRow {
  readonly example: Example
}

export interface PairedTiers {
  readonly task: Task
  /** What both were trained on. */
  readonly train: ExampleSet
  readonly first: Tier
  readonly firstArtefact: Pick<Artefact, 'heldAside'>
  readonly secondArtefact: Pick<Artefact, 'heldAside' | 'tier'>
}

/** Of the training rows at most this share is left out when the first tier is trained again. */
const mostLeftOut = 1 / 3

/**
 * The rows that the second tier held aside, with what the first said of them when it held them aside too. Where it did
 * not, it is trained once more without them: the cheaper of the two, and never on what it is then asked.
 */
export async function pairedHeldAside(
  pair: PairedTiers,
  request: TrainRequest,
): Promise<readonly PairedExample[]> {
  const seconds = byExample(pair.secondArtefact.heldAside)
  const isNamed = seconds.size > 0 || pair.secondArtefact.heldAside.length === 0
  assert(isNamed, `the ${pair.secondArtefact.tier} tier does not say which rows it held aside`)
  const firsts = byExample(pair.firstArtefact.heldAside)
  const examples = new Map(pair.train.examples.map((example) => [example.id, example]))
  const ids = [...seconds.keys()].filter((id) => examples.has(id))
  if (ids.every((id) => firsts.has(id)))
    return ids.map((id) => pairOf(examples.get(id)!, firsts.get(id)!, seconds.get(id)!))
  return trainedAgain(pair, { ids, examples, seconds }, request)
}

interface Rows {
  readonly ids: readonly ExampleId[]
  readonly examples: ReadonlyMap<ExampleId, Example>
  readonly seconds: ReadonlyMap<ExampleId, HeldAside>
}

async function trainedAgain(
  { task, train, first }: PairedTiers,
  { ids, examples, seconds }: Rows,
  request: TrainRequest,
): Promise<readonly PairedExample[]> {
  const chosen = [...ids]
  seededRandom(request.seed).fork('paired').shuffle(chosen)
  chosen.length = Math.min(chosen.length, Math.floor(mostLeftOut * train.examples.length))
  const aside = exampleSet(chosen.map((id) => examples.get(id)!))
  const groups = new Set(aside.examples.flatMap(({ group }) => group ?? []))
  const left = new Set(chosen)
  const rest = train.examples.filter(
    ({ id, group }) => !left.has(id) && (group === undefined || !groups.has(group)),
  )
  const { base: _, checkpointFolder: __, ...options } = tierOptions(request)
  const artefact = await first.train(task, exampleSet(rest), options)
  const predictor = writablePredictor(await first.load(artefact), task.rendering)
  try {
    const predictions = await predictRows(predictor, aside, { ...options, stage: 'comparing' })
    const judged = judgedSet(task, predictions, aside)
    return aside.examples.map((example, at) => {
      const { distribution } = predictions[at]!
      const first = { ...judged[at]!, ...(distribution && { distribution }) }
      return pairOf(example, first, seconds.get(example.id)!)
    })
  } finally {
    await predictor.dispose()
  }
}

function byExample(rows: readonly HeldAside[]): ReadonlyMap<ExampleId, HeldAside> {
  return new Map(rows.flatMap((row) => (row.example === undefined ? [] : [[row.example, row]])))
}

function pairOf(example: Example, first: HeldAside, second: HeldAside): PairedExample {
  const { group } = example
  return { example, first, second, ...(group !== undefined && { group }) }
}

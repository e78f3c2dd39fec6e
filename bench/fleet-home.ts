/** A home with many nano specialists of twenty classes each, every one with weights and a prompt of its own, and calls for them. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { type Random, seededRandom } from '../src/base/random.ts'
import { decodeTensors } from '../src/model/linear/tensors.ts'
import { trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { LoadedSpecialist, Registry } from '../src/registry/registry.ts'
import type { Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { publishCopy, weightsFile } from '../test/support/publish-copy.ts'
import { exampleOf } from './certificate-data.ts'
import { dataFolder, type Row } from './data/labelled-sets.ts'
import { intentBody, intentTask, sureTexts } from './intent-task.ts'

export interface FleetOptions {
  readonly seed: number
  readonly specialists: number
  /** Specialists that are trained; the others are copies of these with weights changed a little. */
  readonly trained: number
}

export interface FleetHome {
  /** One call a line, by task: `callsFile` holds a JSON array of arrays of bodies. */
  readonly callsFile: string
  /** Mean bytes of the published weights of a specialist. */
  readonly meanBytes: number
  readonly meanRows: number
}

const classes = 20
const callsPerTask = 4

/** Trains, copies, publishes and promotes; writes the calls. */
export async function fleetHome(folder: string, options: FleetOptions): Promise<FleetHome> {
  const sources = readRows()
  const registry = openDiskRegistry(join(folder, 'registry'))
  const random = seededRandom(options.seed)
  const trained: Trained[] = []
  for (let at = 0; at < options.trained; at++)
    trained.push(await train(registry, sources, random.fork(`${at}`), at))
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const calls: string[][] = []
  for (let at = 0; at < options.specialists; at++) {
    const source = trained[at % trained.length]!
    const task = taskOf(`team-${String(at).padStart(4, '0')}`, source.labels)
    await publishCopy(registry, source.loaded, task, random)
    await store.tasks.put(task)
    calls.push(source.texts.slice(0, callsPerTask).map((text) => intentBody(task, text)))
    process.stderr.write(at % 100 === 99 ? `published ${at + 1}\n` : '')
  }
  await store.close()
  const callsFile = join(folder, 'calls.json')
  await writeFile(callsFile, JSON.stringify(calls))
  const mean = (of: (one: Trained) => number): number =>
    Math.round(trained.reduce((sum, one) => sum + of(one), 0) / trained.length)
  return {
    callsFile,
    meanBytes: mean(({ loaded }) => loaded.files.get(weightsFile)!.length),
    meanRows: mean(
      ({ loaded }) => decodeTensors(loaded.files.get(weightsFile)!).get('sparse.codes')!.data.length,
    ),
  }
}

interface Rows {
  readonly train: readonly Row[]
  readonly asked: readonly Row[]
}

function readRows(): Rows {
  const all: { train: Row[]; val: Row[] } = JSON.parse(
    readFileSync(join(dataFolder(), 'clinc150', 'data_full.json'), 'utf8'),
  )
  return { train: all.train, asked: all.val }
}

interface Trained {
  readonly labels: readonly string[]
  readonly loaded: LoadedSpecialist
  /** Texts that it answers locally. */
  readonly texts: readonly string[]
}

async function train(
  registry: Registry,
  { train, asked }: Rows,
  random: Random,
  at: number,
): Promise<Trained> {
  const labels = random
    .shuffle([...new Set(train.map(([, label]) => label))].sort())
    .slice(0, classes)
    .sort()
  const isOurs = ([, label]: Row): boolean => labels.includes(label)
  const task = taskOf(`source-${at}`, labels)
  const trained = await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'bench' },
    { task, examples: train.filter(isOurs).map(exampleOf), notes: [] },
    { seed: at, withoutBaselines: true },
  )
  const texts = random.shuffle(asked.filter(isOurs).map(([text]) => text))
  const sure = await sureTexts(registry, trained, texts)
  return { labels, loaded: await registry.load(trained.manifest.id), texts: sure }
}

function taskOf(name: string, labels: readonly string[]): Task {
  const instruction = `You sort the requests that reach ${name} by what is wanted.`
  return intentTask({ name, instruction, labels, risk: 0.05 })
}

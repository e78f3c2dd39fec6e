/**
 * banking77 with ten labelled rows a class, and the other training rows without their labels: nano by itself, the micro
 * tier, and nano taught by it over what nobody labelled. `SHOAL_HOME` names the folder with the base model.
 */
import type { JsonObject } from '../src/base/json.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId, exampleSet } from '../src/data/example-set.ts'
import type { TaskInput } from '../src/task/types.ts'
import { createMicroTier } from '../src/tier/micro/micro-tier.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { withMicroParts } from './base-models.ts'
import { resumableCells } from './cells.ts'
import { exampleOf } from './certificate-data.ts'
import { fewRows, type Row, readSet } from './data/labelled-sets.ts'
import type { Bench } from './harness.ts'
import { labelTask, scoreLabels, trainOn } from './label-run.ts'

const perClass = 10
const seeds = [0, 1, 2]
const cell = resumableCells('distillation', ['tier', 'model', 'runtime/training'])

export const bench: Bench = {
  name: 'distillation',
  title: 'nano taught by a micro specialist over unlabelled inputs, banking77 with ten labelled rows a class',
  run: async () => {
    const { train, test, digests } = readSet('banking77')
    const runs: JsonObject[] = []
    for (const seed of seeds) runs.push(await cell({ perClass, seed }, () => measure({ train, test, seed })))
    const mean = (field: string): number =>
      runs.reduce((sum, run) => sum + Number(run[field]), 0) / runs.length
    const percent = (field: string): string => `${(100 * mean(field)).toFixed(2)}%`
    const figure = {
      what: `banking77, ${perClass} rows a class, accuracy of nano taught by micro, mean of ${seeds.length} seeds`,
      measured: percent('taught'),
      target: `above nano by itself (${percent('alone')})`,
      met: mean('taught') > mean('alone'),
      peer: `its teacher ${percent('teacher')}; nano on all rows with their own labels ${percent('gold')}`,
    }
    return { seed: 0, options: { perClass }, data: digests, figures: [figure], results: runs }
  },
}

interface Rows {
  readonly train: readonly Row[]
  readonly test: readonly Row[]
  readonly seed: number
}

async function measure({ train, test, seed }: Rows): Promise<JsonObject> {
  const few = fewRows(train, perClass, seed)
  const labelled = new Set(few.map(([text]) => text))
  const inputs = train.flatMap(([text]): TaskInput[] => (labelled.has(text) ? [] : [{ kind: 'text', text }]))
  const { taught, ...teacher } = await withMicroParts(async (parts) => {
    const run = await trainOn(createMicroTier(parts), few, { seed })
    const began = performance.now()
    const said = await run.predictor.predict(inputs)
    const askedSeconds = (performance.now() - began) / 1000
    const { accuracy } = await scoreLabels(run.predictor, test)
    await run.predictor.dispose()
    const taught = inputs.map((input, at): Example => {
      const { output, distribution } = said[at]!
      const soft = distribution ? { soft: distribution } : {}
      return { id: exampleId(input), input, output, ...soft, source: 'synthetic', weight: 1 }
    })
    return { taught, accuracy, trainSeconds: run.trainSeconds, askedSeconds }
  })
  const own = few.map(exampleOf)
  const alone = await nanoOn(own, { train, test, seed })
  const both = await nanoOn([...own, ...taught], { train, test, seed })
  const gold = await nanoOn(train.map(exampleOf), { train, test, seed })
  return {
    ...{ unlabelled: inputs.length, labelled: few.length },
    ...{
      teacher: teacher.accuracy,
      teacherSeconds: teacher.trainSeconds,
      askedSeconds: teacher.askedSeconds,
    },
    ...{ alone: alone.accuracy, aloneCoverageAt2: alone.coverageAt2 },
    ...{ taught: both.accuracy, taughtCoverageAt2: both.coverageAt2, taughtSeconds: both.seconds },
    gold: gold.accuracy,
  }
}

async function nanoOn(examples: readonly Example[], { train, test, seed }: Rows) {
  const tier = createNanoTier()
  const began = performance.now()
  const artefact = await tier.train(labelTask(train), exampleSet(examples), { seed })
  const seconds = (performance.now() - began) / 1000
  const predictor = await tier.load(artefact)
  const scores = await scoreLabels(predictor, test)
  await predictor.dispose()
  return { ...scores, seconds }
}

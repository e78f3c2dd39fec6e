import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { taskId } from '../base/ids.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { openDiskRegistry } from '../registry/disk-registry.ts'
import type { Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { labelled } from '../tier/tier.contract.ts'
import type { Tier } from '../tier/tier.ts'
import { findTeacher } from './teacher.ts'
import { trainSpecialist } from './train.ts'
import type { TrainRequest } from './train-request.ts'

const labels = ['red', 'green', 'blue'] as const
const task: Task = {
  id: taskId('paint'),
  kind: 'classification',
  space: { kind: 'labels', labels, multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.1, delta: 0.1 },
  masked: false,
  paused: false,
}

/** The 150 words of a label are made of its own consonants: few rows hold few of them. */
const wordOf = (label: number, random: { below(count: number): number }): string => {
  const number = random.below(150)
  const consonants = ['bdg', 'lmn', 'rst'][label]!
  const [a, b, c] = [number % 5, Math.floor(number / 5) % 5, Math.floor(number / 25)]
  return `${'zvkxp'[a]}${'aeiou'[b]}${'qwjfhy'[c]}${consonants[number % 3]}${'uoiea'[a]}${'jhfqyw'[c]}`
}
const nameOf = (word: string): (typeof labels)[number] =>
  labels[['bdg', 'lmn', 'rst'].findIndex((consonants) => consonants.includes(word[3]!))]!

function rows(count: number, seed: number): readonly Example[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, at) => {
    const word = wordOf(random.below(3), random)
    return labelled(`please paint it ${word} now, order ${seed * 10_000 + at}`, nameOf(word))
  })
}

/** Knows every word, and says so with its probabilities. */
function knowing(like: Tier): Tier {
  return {
    kind: 'micro',
    can: like.can,
    train: async (...asked) => ({ ...(await like.train(...asked)), tier: 'micro' }),
    load: async () => ({
      predict: async (inputs) =>
        inputs.map((input) => {
          const label = nameOf(/it (\w+) now/.exec(input.kind === 'text' ? input.text : '')![1]!)
          const probabilities = labels.map((one) => (one === label ? 0.9 : 0.05))
          const output = { kind: 'labels' as const, labels: [label] }
          return { output, score: 0.9, noveltyScore: 0, distribution: { labels, probabilities } }
        }),
      sizeBytes: 1,
      dispose: async () => {},
    }),
  }
}

let folder: string
let registry: Registry
const nano = createNanoTier()
const micro = knowing(nano)
const tiers = [nano, micro]
const shopOf = (tier: Tier) => ({ tier, baselines: [], registry, clock: systemClock, version: 'test' })
const request: TrainRequest = { seed: 0, withoutBaselines: true }
const known = rows(240, 1)
const held = rows(400, 2)
const inputs = rows(700, 3).map(({ input }) => input)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-teaching-'))
  registry = openDiskRegistry(folder)
  await trainSpecialist(shopOf(micro), { task, examples: known, notes: [] }, request)
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const recordOf = async (id: Parameters<Registry['load']>[0]) => {
  const { files } = await registry.load(id)
  const idsOf = (part: string) =>
    Buffer.from(files.get(`rows/${part}.txt`)!)
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
  return { train: idsOf('train'), calibration: idsOf('calibration'), test: idsOf('test') }
}

describe('a small specialist that a larger one teaches', () => {
  test('is right more often than one that learned from the labelled rows alone, and its card says who taught it', async () => {
    const rowsOf = { task, examples: known, test: held, notes: [] }
    const alone = await trainSpecialist(shopOf(nano), rowsOf, request)
    const teacher = await findTeacher('paint@1', { registry, tiers })
    const doubled = [...inputs, ...inputs.slice(0, 100), ...known.map(({ input }) => input), held[0]!.input]
    const taught = await trainSpecialist(shopOf(nano), rowsOf, {
      ...request,
      teaching: { teacher, inputs: doubled },
    })
    const [before, after] = [alone, taught].map(({ card }) => card.evaluation.right.value) as [number, number]
    expect(after).toBeGreaterThan(before + 0.1)
    const { card, manifest } = taught
    expect(card.data.sources['synthetic']).toBe(700)
    expect(card.provenance.options['teacher']).toEqual(teacher.reference)
    expect(card.limits.join(' ')).toContain('700 of the training rows have no label of their own: paint@1')
    const record = await recordOf(manifest.id)
    const ids = new Set([...record.calibration, ...record.test])
    expect(record.train.length).toBeGreaterThan(700)
    expect(record.train.filter((id) => ids.has(id))).toEqual([])
  }, 60_000)

  test('is split as its teacher was: nothing that this one learned from is judged by', async () => {
    const teacher = await findTeacher('paint@1', { registry, tiers })
    const more = { task, examples: [...rows(60, 4), ...known], notes: [] }
    const { manifest } = await trainSpecialist(shopOf(nano), more, {
      ...{ ...request, seed: 7 },
      teaching: { teacher, inputs },
    })
    const [own, teachers] = [await recordOf(manifest.id), await recordOf('paint@1' as never)]
    const learned = new Set(teachers.train)
    expect([...own.calibration, ...own.test].filter((id) => learned.has(id))).toEqual([])
    expect(teachers.calibration.every((id) => own.calibration.includes(id))).toBe(true)
    const added = rows(60, 4).filter(({ id }) => !own.train.includes(id))
    expect(added.length).toBeGreaterThan(5)
  }, 60_000)

  test('never counts what it was taught when it says how often it is right', async () => {
    const taught = rows(300, 5).map((row) => ({
      ...row,
      source: 'synthetic' as const,
      soft: { labels, probabilities: [0.2, 0.3, 0.5] },
    }))
    const { heldAside } = await nano.train(
      task,
      { examples: [...known, ...taught], digest: 'x' as never },
      { seed: 0 },
    )
    const own = new Set(known.map(({ id }) => id))
    expect(heldAside.length).toBeGreaterThan(150)
    expect(heldAside.filter(({ example }) => !own.has(example!))).toEqual([])
  }, 30_000)
})

describe('a teacher is refused', () => {
  const asked = async (
    rowsOf: { examples: readonly Example[]; test?: readonly Example[]; task?: Task },
    given = inputs,
  ) => {
    const teacher = await findTeacher('paint@1', { registry, tiers })
    return trainSpecialist(
      shopOf(nano),
      { task, notes: [], ...rowsOf },
      { ...request, teaching: { teacher, inputs: given } },
    )
  }

  test('where it was trained on rows of the test file', async () => {
    const learned = new Set((await recordOf('paint@1' as never)).train)
    const seen = known.filter(({ id }) => learned.has(id)).slice(0, 30)
    await expect(asked({ examples: rows(200, 6), test: [...held, ...seen] })).rejects.toMatchObject({
      code: 'train.teacher-saw',
      message: expect.stringMatching(/paint@1 was trained on 30 rows .*\(test\)/),
    })
  })

  test('where its labels are not those of the task', async () => {
    const others: Task = { ...task, space: { kind: 'labels', labels: ['red', 'green'], multiple: false } }
    const two = known.filter(({ output }) => output.kind === 'labels' && output.labels[0] !== 'blue')
    await expect(asked({ task: others, examples: two })).rejects.toThrow(
      /its label "blue" is none of the task's/,
    )
  })

  test('where all inputs are rows of the task already', async () => {
    const same = known.map(({ input }) => input)
    await expect(asked({ examples: known }, same)).rejects.toMatchObject({ code: 'train.nothing-to-teach' })
  })
})

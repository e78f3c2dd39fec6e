import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { Task } from '../../task/types.ts'
import { createNanoTier } from '../nano/nano-tier.ts'
import { tinyRows, tinyTask } from '../tier.contract.ts'
import type { Artefact, RawPredictor } from '../tier.ts'
import { trainWithWords, withWords } from './words.ts'

const nano = createNanoTier()
const set = tinyRows(300, 1)
const labels = tinyTask.space.kind === 'labels' ? tinyTask.space.labels : []

/** What an encoder said of rows held aside: the right label with this clarity, through noise. */
function encoderArtefact(clarity: number): Artefact {
  const random = seededRandom(3)
  return {
    tier: 'micro',
    taskKind: 'classification',
    files: new Map([['micro.safetensors', new Uint8Array(4)]]),
    meta: { model: {} },
    heldAside: set.examples.map(({ id, output }) => {
      const right = output.kind === 'labels' ? labels.indexOf(output.labels[0]!) : -1
      const logits = labels.map((_, at) => (at === right ? clarity : 0) + random.normal())
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
      const probabilities = logits.map((logit) => Math.exp(logit) / sum)
      const score = Math.max(...probabilities)
      const isRight = probabilities.indexOf(score) === right
      return {
        example: id,
        score,
        correct: isRight,
        noveltyScore: 0,
        distribution: { labels, probabilities },
      }
    }),
  }
}

const job = { task: tinyTask, set, options: { seed: 0 } }

/** An encoder that knows nothing. */
const undecided: RawPredictor = {
  predict: async (inputs) =>
    inputs.map(() => ({
      ...{ output: { kind: 'labels', labels: [labels[0]!] }, score: 1 / labels.length, noveltyScore: 5 },
      distribution: { labels, probabilities: labels.map(() => 1 / labels.length) },
    })),
  sizeBytes: 7,
  dispose: async () => {},
}

describe('words beside an encoder', () => {
  test('are kept where the encoder errs and they do not: more of the rows held aside are right', async () => {
    const encoder = encoderArtefact(1)
    const joined = await trainWithWords(nano, job, async () => encoder)
    const right = ({ heldAside }: Artefact): number => heldAside.filter(({ correct }) => correct).length
    expect(right(joined)).toBeGreaterThan(right(encoder) + 20)
    expect([...joined.files.keys()].some((name) => name.startsWith('words/'))).toBe(true)
    const predictor = await withWords(undecided, joined, nano)
    const { examples } = tinyRows(60, 2)
    const said = await predictor.predict(examples.map(({ input }) => input))
    const answered = said.filter(
      ({ output }, row) => JSON.stringify(output) === JSON.stringify(examples[row]!.output),
    )
    expect(answered.length).toBeGreaterThanOrEqual(57)
    expect(said[0]!.noveltyScore).toBe(5)
    expect(predictor.sizeBytes).toBeGreaterThan(7)
    await predictor.dispose()
  }, 60_000)

  test('are left out where they say nothing', async () => {
    const probabilities = labels.map(() => 1 / labels.length)
    const guessing: typeof nano = {
      ...nano,
      train: async (task, rows, options) => {
        const artefact = await nano.train(task, rows, options)
        const heldAside = artefact.heldAside.map((row) => ({
          ...row,
          distribution: { labels, probabilities },
        }))
        return { ...artefact, heldAside }
      },
    }
    const encoder = encoderArtefact(3)
    expect(await trainWithWords(guessing, job, async () => encoder)).toBe(encoder)
    expect(await withWords(undecided, encoder, undefined)).toBe(undecided)
  }, 60_000)

  test('that cannot be loaded leave no encoder behind', async () => {
    let isDisposed = false
    const encoder: RawPredictor = {
      ...undecided,
      dispose: async () => {
        isDisposed = true
      },
    }
    const artefact = { files: new Map(), meta: { words: { of: 'another version' } } }
    await expect(withWords(encoder, artefact, nano)).rejects.toMatchObject({ code: 'artefact.other-version' })
    expect(isDisposed).toBe(true)
  })

  test.each<[string, Partial<typeof job>]>([
    ['another tier is pooled later', { options: { seed: 0, pooledLater: true } as typeof job.options }],
    ['rows are few', { set: tinyRows(60, 1) }],
    [
      'a text may have several labels',
      { task: { ...tinyTask, space: { kind: 'labels', labels, multiple: true } } as Task },
    ],
  ])('are not trained where %s', async (_, other) => {
    const untouched = { ...nano, train: () => Promise.reject(new Error('trained')) }
    const encoder = encoderArtefact(1)
    expect(await trainWithWords(untouched, { ...job, ...other }, async () => encoder)).toBe(encoder)
  })

  test('take from the time that the whole may take, and leave the rest to the encoder', async () => {
    const budgets: (number | undefined)[] = []
    const watched: typeof nano = {
      ...nano,
      train: (task, rows, options) => {
        budgets.push(options.budgetMs)
        return nano.train(task, rows, options)
      },
    }
    await trainWithWords(
      watched,
      { ...job, options: { seed: 0, budgetMs: 60_000 } as typeof job.options },
      async (own) => {
        budgets.push(own.budgetMs)
        return encoderArtefact(1)
      },
    )
    expect(budgets[0]).toBe(12_000)
    expect(budgets[1]).toBeLessThan(60_000)
  })
})

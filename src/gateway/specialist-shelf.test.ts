import { expect, test } from 'vitest'
import { specialistId, taskId } from '../base/ids.ts'
import type { Prediction } from '../task/predictor.ts'
import type { TaskInput } from '../task/types.ts'
import { createSpecialistShelf, type Shelved, type SpecialistShelf } from './specialist-shelf.ts'

const input: TaskInput = { kind: 'text', text: 'x' }

interface Weights {
  readonly shelved: Shelved
  opened: number
  disposed: number
  readonly problems: unknown[]
}

/** Weights of a size that count what happens to them; `open` may wait or fail. */
function weights(
  shelf: SpecialistShelf,
  name: string,
  sizeBytes: number,
  before?: () => Promise<void>,
): Weights {
  const said: Prediction = { output: { kind: 'labels', labels: [name] }, confidence: 1, novelty: 0 }
  const counted = { opened: 0, disposed: 0, problems: [] as unknown[] }
  const open = async () => {
    await before?.()
    counted.opened++
    return {
      sizeBytes,
      inline: { inlineLimit: 100, predict: () => said },
      predict: async () => [said],
      dispose: async () => {
        counted.disposed++
      },
    }
  }
  const onLoaded = (cause?: unknown): void => {
    if (cause !== undefined) counted.problems.push(cause)
  }
  const shelved = shelf.add(specialistId(taskId(name), 1), { sizeBytes, open, onLoaded })
  return Object.assign(counted, { shelved })
}

test('weights come with the first call, once for all calls that wait, and answer inline from then on', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 1000 })
  const one = weights(shelf, 'a', 100)
  const { predictor } = one.shelved
  expect(predictor.inline).toBeUndefined()
  const answers = await Promise.all(Array.from({ length: 20 }, () => predictor.predict([input])))
  expect(answers.every(([said]) => said?.confidence === 1)).toBe(true)
  expect(one.opened).toBe(1)
  expect(predictor.inline?.predict(input).confidence).toBe(1)
  expect(shelf.counts).toEqual({ loaded: 1, sizeBytes: 100, loads: 1, failures: 0, evictions: 0 })
})

test('where they do not all fit, those not asked for longest leave, and come back when they are asked', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 250 })
  const all = ['a', 'b', 'c'].map((name) => weights(shelf, name, 100))
  const [a, b, c] = all.map(({ shelved }) => shelved.predictor)
  await a!.predict([input])
  await b!.predict([input])
  expect(a!.inline).toBeDefined() // asked after b
  await c!.predict([input])
  expect(all.map(({ disposed }) => disposed)).toEqual([0, 1, 0])
  expect(shelf.counts).toMatchObject({ loaded: 2, sizeBytes: 200, evictions: 1 })
  expect((await b!.predict([input]))[0]?.output).toEqual({ kind: 'labels', labels: ['b'] })
  expect(all.map(({ opened }) => opened)).toEqual([1, 2, 1])
  expect(all.map(({ disposed }) => disposed)).toEqual([1, 1, 0])
})

test('one that is larger than the limit is served all the same, alone', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 250 })
  const small = weights(shelf, 'small', 100)
  const large = weights(shelf, 'large', 900)
  await small.shelved.load()
  await large.shelved.load()
  expect(shelf.counts).toMatchObject({ loaded: 1, sizeBytes: 900 })
  await small.shelved.load()
  expect(shelf.counts).toMatchObject({ loaded: 1, sizeBytes: 100 })
})

test('weights that cannot be loaded are a problem, and are not tried again by every call', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 1000 })
  const broken = weights(shelf, 'a', 100, async () => {
    throw new Error('damaged')
  })
  for (let i = 0; i < 5; i++)
    await expect(broken.shelved.predictor.predict([input])).rejects.toThrow('damaged')
  expect(broken.problems).toHaveLength(1)
  expect(shelf.counts).toMatchObject({ loaded: 0, sizeBytes: 0, loads: 0, failures: 1 })
})

test('a call waits for weights no longer than it may, and the load goes on for the next', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 1000, waitMs: 20 })
  let arrive = (): void => {}
  const slow = weights(
    shelf,
    'a',
    100,
    () =>
      new Promise((resolve) => {
        arrive = resolve
      }),
  )
  await expect(slow.shelved.predictor.predict([input])).rejects.toMatchObject({
    code: 'gateway.weights-late',
  })
  arrive()
  await slow.shelved.load()
  expect(slow.shelved.predictor.inline).toBeDefined()
  expect(slow.opened).toBe(1)
})

test('what is let go while it loads gives its memory back when it has come', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 1000 })
  let arrive = (): void => {}
  const one = weights(
    shelf,
    'a',
    100,
    () =>
      new Promise((resolve) => {
        arrive = resolve
      }),
  )
  const loading = one.shelved.load()
  await new Promise((resolve) => setImmediate(resolve))
  await one.shelved.predictor.dispose()
  arrive()
  await loading
  expect(one.disposed).toBe(1)
  expect(shelf.counts).toMatchObject({ loaded: 0, sizeBytes: 0 })
})

test('at most two are read at one moment, and all come in the end', async () => {
  const shelf = createSpecialistShelf({ limitBytes: 1e6 })
  let [reading, most] = [0, 0]
  const all = Array.from({ length: 30 }, (_, at) =>
    weights(shelf, `t${at}`, 100, async () => {
      reading++
      most = Math.max(most, reading)
      await new Promise((resolve) => setImmediate(resolve))
      reading--
    }),
  )
  await Promise.all(all.map(({ shelved }) => shelved.predictor.predict([input])))
  expect(most).toBe(2)
  expect(shelf.counts).toMatchObject({ loaded: 30, sizeBytes: 3000 })
})

/** What every tier that trains classification must do; each tier runs this suite on a tiny task of its own making. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { ProgressEvent } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleId, exampleSet } from '../data/example-set.ts'
import type { Task, TaskInput } from '../task/types.ts'
import type { Artefact, RawPredictor, Tier } from './tier.ts'

export interface TierUnderTest {
  readonly tier: Tier
  /** Rows of the tiny task that are enough to learn it; more where a tier needs more. */
  readonly rows: number
  readonly timeoutMs: number
}

const topics = {
  card: ['card', 'pin', 'visa', 'plastic'],
  loan: ['loan', 'mortgage', 'interest', 'borrow'],
  refund: ['refund', 'return', 'money back', 'cancel'],
} as const
const labels = Object.keys(topics) as readonly (keyof typeof topics)[]
const frames = [
  'please help with my',
  'i have a question on',
  'what about the',
  'there is trouble with a',
  'hello,',
]

/** A task of three topics told by their words. */
export const tinyTask: Task = {
  id: taskId('tiny'),
  kind: 'classification',
  space: { kind: 'labels', labels, multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.02, delta: 0.05 },
  masked: false,
  paused: false,
}

/** An example of a text and its label. */
export function labelled(text: string, label: string, changes: Partial<Example> = {}): Example {
  const input = { kind: 'text', text } as const
  const output = { kind: 'labels', labels: [label] } as const
  return { id: exampleId(input), input, output, source: 'gold', weight: 1, ...changes }
}

/** Rows of the tiny task. */
export function tinyRows(count: number, seed: number): ExampleSet {
  const random = seededRandom(seed)
  const one = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
  const rows = Array.from({ length: count }, (_, row) => {
    const label = labels[row % labels.length]!
    return labelled(`${one(frames)} ${one(topics[label])} number ${random.below(1000)}`, label)
  })
  return exampleSet(rows)
}

const textInput = (text: string): TaskInput => ({ kind: 'text', text })

/** Texts that a careless reader of texts breaks on. */
const oddTexts: { readonly [name: string]: string } = {
  empty: '',
  'one word': 'card',
  spaces: ' \n\t ',
  'lone surrogates': '\ud83d card \udc00',
  'null characters': 'card\0pin',
  'unknown script': 'ᚠᛇᚻ᛫ᛒᛦᚦ',
  'characters that stand for eighteen': '\ufdfa'.repeat(20_000),
  'ten megabytes': 'card loan '.repeat(1_000_000),
}

/** Runs the suite. */
export function describeTier(name: string, create: () => Promise<TierUnderTest>): void {
  describe(`tier contract: ${name}`, () => {
    let subject: TierUnderTest
    let artefact: Artefact
    let predictor: RawPredictor
    let progress: ProgressEvent[]
    const test_ = (title: string, run: () => Promise<void> | void): void => {
      test(title, { timeout: 120_000 }, run)
    }

    beforeAll(async () => {
      subject = await create()
      progress = []
      artefact = await subject.tier.train(tinyTask, tinyRows(subject.rows, 1), {
        seed: 0,
        progress: (event) => progress.push(event),
      })
      predictor = await subject.tier.load(artefact)
    }, 300_000)

    afterAll(async () => predictor?.dispose())

    test_('it learns a task of three topics, and what is saved answers the same', async () => {
      const { examples } = tinyRows(60, 2)
      const predictions = await predictor.predict(examples.map(({ input }) => input))
      const right = predictions.filter(({ output }, row) => {
        const expected = examples[row]!.output
        return (
          output.kind === 'labels' && expected.kind === 'labels' && output.labels[0] === expected.labels[0]
        )
      })
      expect(right.length).toBeGreaterThanOrEqual(57)
    })

    test_(
      'each prediction has a score of 0 to 1, a finite novelty and probabilities of the labels in order',
      async () => {
        const [prediction] = await predictor.predict([textInput('a question on my loan')])
        expect(prediction!.score).toBeGreaterThan(0)
        expect(prediction!.score).toBeLessThanOrEqual(1)
        expect(Number.isFinite(prediction!.noveltyScore)).toBe(true)
        const { distribution } = prediction!
        if (!distribution) return
        expect(distribution.labels).toEqual(labels)
        expect([...distribution.probabilities].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 3)
      },
    )

    test_('a strange text is more novel than a training text', async () => {
      const inputs = [textInput('please help with my card'), textInput('zur Kasse, bitte: Blumenkohl!')]
      const [known, strange] = await predictor.predict(inputs)
      expect(strange!.noveltyScore).toBeGreaterThan(known!.noveltyScore)
    })

    for (const [title, text] of Object.entries(oddTexts)) {
      test_(`it answers a text that is odd: ${title}`, async () => {
        const began = performance.now()
        const [prediction] = await predictor.predict([textInput(text)])
        expect(prediction!.output.kind).toBe('labels')
        expect(Number.isFinite(prediction!.score)).toBe(true)
        expect(Number.isFinite(prediction!.noveltyScore)).toBe(true)
        expect(performance.now() - began).toBeLessThan(subject.timeoutMs)
      })
    }

    test_('the order and number of inputs do not change an answer', async () => {
      const inputs = tinyRows(12, 3).examples.map(({ input }) => input)
      const forward = await predictor.predict(inputs)
      const backward = (await predictor.predict([...inputs].reverse())).toReversed()
      expect(backward.map(({ output }) => output)).toEqual(forward.map(({ output }) => output))
      backward.forEach(({ score }, row) => {
        expect(score).toBeCloseTo(forward[row]!.score, 5)
      })
      expect(await predictor.predict([])).toEqual([])
    })

    test_('an inline predictor, where there is one, says the same', async () => {
      const { inline } = predictor
      if (!inline) return
      expect(inline.inlineLimit).toBeGreaterThan(0)
      const input = textInput('my visa does not work')
      const [prediction] = await predictor.predict([input])
      expect(inline.predict(input)).toEqual(prediction)
    })

    test_('the same seed gives the same bytes, another seed is allowed to differ', async () => {
      const again = await subject.tier.train(tinyTask, tinyRows(subject.rows, 1), { seed: 0 })
      expect([...again.files.keys()]).toEqual([...artefact.files.keys()])
      for (const [file, bytes] of again.files) expect(bytes).toEqual(artefact.files.get(file))
      expect(again.meta).toEqual(artefact.meta)
    })

    test_('an artefact goes through JSON and back', async () => {
      const meta = JSON.parse(JSON.stringify(artefact.meta))
      const copy = await subject.tier.load({ ...artefact, meta })
      const input = textInput('interest on a mortgage')
      expect(await copy.predict([input])).toEqual(await predictor.predict([input]))
      await copy.dispose()
    })

    test_('rows held aside come with scores', () => {
      expect(artefact.heldAside.length).toBeGreaterThan(0)
      for (const { score, noveltyScore } of artefact.heldAside) {
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
        expect(Number.isFinite(noveltyScore)).toBe(true)
      }
      expect(artefact.heldAside.some(({ correct }) => correct)).toBe(true)
      const known = new Set(tinyRows(subject.rows, 1).examples.map(({ id }) => id))
      expect(artefact.heldAside.every(({ example }) => example !== undefined && known.has(example))).toBe(
        true,
      )
      for (const { distribution } of artefact.heldAside) expect(distribution?.labels).toEqual(labels)
    })

    test_('training says how far it is, never backwards', () => {
      expect(progress.length).toBeGreaterThan(0)
      const done = progress.filter(({ stage }) => stage === 'training').map((event) => event.done)
      expect(done).toEqual(done.toSorted((a, b) => a - b))
    })

    test_('a cancelled training ends at once', async () => {
      const controller = new AbortController()
      const training = subject.tier.train(tinyTask, tinyRows(subject.rows * 20, 1), {
        seed: 0,
        signal: controller.signal,
      })
      setTimeout(() => controller.abort(), 100)
      const began = performance.now()
      await expect(training).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - began).toBeLessThan(1500)
      const late = subject.tier.train(tinyTask, tinyRows(9, 1), { seed: 0, signal: controller.signal })
      await expect(late).rejects.toMatchObject({ code: 'cancelled' })
    })

    test_('a class with one row and a label without any are borne', async () => {
      const space = { kind: 'labels', labels: [...labels, 'other', 'never'], multiple: false } as const
      const examples = [...tinyRows(subject.rows, 1).examples, labelled('the weather is nice', 'other')]
      const trained = await subject.tier.train({ ...tinyTask, space }, exampleSet(examples), { seed: 0 })
      const loaded = await subject.tier.load(trained)
      const [prediction] = await loaded.predict([textInput('trouble with a visa card')])
      expect(prediction!.output).toEqual({ kind: 'labels', labels: ['card'] })
      await loaded.dispose()
    })

    test_('kinds that it cannot train are refused', async () => {
      const task: Task = { ...tinyTask, kind: 'extraction', space: { kind: 'spans', labels: ['x'] } }
      if (subject.tier.can.train.includes('extraction')) return
      await expect(subject.tier.train(task, tinyRows(9, 1), { seed: 0 })).rejects.toMatchObject({
        name: 'AppError',
      })
    })
  })
}

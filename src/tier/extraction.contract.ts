/** What every tier that trains extraction must do; each tier runs this suite on a tiny task of its own making. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { ProgressEvent } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleId, exampleSet } from '../data/example-set.ts'
import type { Span, Task, TaskInput } from '../task/types.ts'
import type { TierUnderTest } from './tier.contract.ts'
import type { Artefact, RawPrediction, RawPredictor } from './tier.ts'

const cities = ['Berlin', 'Paris', 'New York', 'Oslo', 'San José', 'Rome'] as const
const days = ['Monday', 'Tuesday', 'Friday', 'Sunday'] as const
const frames = [
  ['please book a flight to ', ' on ', ' for two'],
  ['i fly to ', ', ', '.'],
  ['is there a train to ', ' (', ')?'],
] as const

/** A task of two kinds of spans told by their words and neighbours. */
export const tinySpanTask: Task = {
  id: taskId('tiny-spans'),
  kind: 'extraction',
  space: { kind: 'spans', labels: ['city', 'day'] },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.02, delta: 0.05 },
  masked: false,
  paused: false,
}

/** An example of a text and its spans, given as `[start, end, label]`. */
export function spanned(
  text: string,
  places: readonly (readonly [number, number, string])[],
  changes: Partial<Example> = {},
): Example {
  const input = { kind: 'text', text } as const
  const spans = places.map(
    ([start, end, label]): Span => ({ start, end, label, text: text.slice(start, end) }),
  )
  return {
    id: exampleId(input),
    input,
    output: { kind: 'spans', spans },
    source: 'gold',
    weight: 1,
    ...changes,
  }
}

/** Rows of the tiny task; one in five has no span. */
export function tinySpanRows(count: number, seed: number): ExampleSet {
  const random = seededRandom(seed)
  const one = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
  const rows = Array.from({ length: count }, (_, row) => {
    if (row % 5 === 4) return spanned(`hello, i have a question ${random.below(1000)}`, [])
    const [before, between, after] = one(frames)
    const [city, day] = [one(cities), one(days)]
    const text = `${before}${city}${between}${day}${after} ${random.below(1000)}`
    const start = before.length
    const second = start + city.length + between.length
    return spanned(text, [
      [start, start + city.length, 'city'],
      [second, second + day.length, 'day'],
    ])
  })
  return exampleSet(rows)
}

const textInput = (text: string): TaskInput => ({ kind: 'text', text })

/** Texts that a careless reader of texts breaks on. */
const oddTexts: { readonly [name: string]: string } = {
  empty: '',
  'one word': 'Berlin',
  spaces: ' \n\t ',
  'lone surrogates': '\ud83d Berlin \udc00',
  'null characters': 'Berlin\0Monday',
  'unknown script': 'ᚠᛇᚻ᛫ᛒᛦᚦ',
  'letters that grow in lower case': 'İstanbul to Berlin on Monday',
  'one endless word': 'a'.repeat(20_000),
  'ten megabytes': 'to Berlin on Monday, '.repeat(500_000),
}

const spansOf = ({ output }: Pick<RawPrediction, 'output'>): readonly Span[] =>
  output.kind === 'spans' ? output.spans : expect.fail(`an output of kind ${output.kind}`)

/** Every span stands in the text, none is empty, none overlaps another, and each has its part. */
function expectSound(text: string, prediction: RawPrediction): void {
  const spans = spansOf(prediction)
  let end = 0
  for (const span of spans) {
    expect(span.start).toBeGreaterThanOrEqual(end)
    expect(span.end).toBeGreaterThan(span.start)
    expect(span.text).toBe(text.slice(span.start, span.end))
    end = span.end
  }
  expect(prediction.parts?.map(({ name }) => name)).toEqual(spans.map(({ label }) => label))
  for (const score of [prediction.score, ...prediction.parts!.map((part) => part.score)]) {
    expect(score).toBeGreaterThanOrEqual(0)
    expect(score).toBeLessThanOrEqual(1)
  }
  expect(Number.isFinite(prediction.noveltyScore)).toBe(true)
}

/** Runs the suite. */
export function describeExtractionTier(name: string, create: () => Promise<TierUnderTest>): void {
  describe(`extraction contract: ${name}`, () => {
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
      artefact = await subject.tier.train(tinySpanTask, tinySpanRows(subject.rows, 1), {
        seed: 0,
        progress: (event) => progress.push(event),
      })
      predictor = await subject.tier.load(artefact)
    }, 300_000)

    afterAll(async () => predictor?.dispose())

    test_('it learns a task of two kinds of spans, and what is saved answers the same', async () => {
      const { examples } = tinySpanRows(60, 2)
      const predictions = await predictor.predict(examples.map(({ input }) => input))
      const right = predictions.filter(
        ({ output }, row) => JSON.stringify(output) === JSON.stringify(examples[row]!.output),
      )
      expect(right.length).toBeGreaterThanOrEqual(54)
      predictions.forEach((prediction, row) => {
        const { input } = examples[row]!
        expectSound(input.kind === 'text' ? input.text : '', prediction)
      })
    })

    test_('a place that was never seen is found by its neighbours', async () => {
      const text = 'please book a flight to Lisbon on Friday for two'
      const [prediction] = await predictor.predict([textInput(text)])
      expect(spansOf(prediction!).map((span) => span.text)).toEqual(['Lisbon', 'Friday'])
    })

    test_('a strange text is more novel than a training text', async () => {
      const inputs = [textInput('i fly to Rome, Monday. 7'), textInput('zur Kasse: Blumenkohl!')]
      const [known, strange] = await predictor.predict(inputs)
      expect(strange!.noveltyScore).toBeGreaterThan(known!.noveltyScore)
    })

    for (const [title, text] of Object.entries(oddTexts)) {
      test_(`it answers a text that is odd: ${title}`, async () => {
        const began = performance.now()
        const [prediction] = await predictor.predict([textInput(text)])
        expectSound(text, prediction!)
        expect(performance.now() - began).toBeLessThan(subject.timeoutMs)
      })
    }

    test_('the order and number of inputs do not change an answer', async () => {
      const inputs = tinySpanRows(12, 3).examples.map(({ input }) => input)
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
      const input = textInput('is there a train to Oslo (Sunday)?')
      const [prediction] = await predictor.predict([input])
      expect(inline.predict(input)).toEqual(prediction)
    })

    test_('the same seed gives the same bytes, and an artefact goes through JSON and back', async () => {
      const again = await subject.tier.train(tinySpanTask, tinySpanRows(subject.rows, 1), { seed: 0 })
      expect([...again.files.keys()]).toEqual([...artefact.files.keys()])
      for (const [file, bytes] of again.files) expect(bytes).toEqual(artefact.files.get(file))
      expect(again.meta).toEqual(artefact.meta)
      const copy = await subject.tier.load({ ...artefact, meta: JSON.parse(JSON.stringify(artefact.meta)) })
      const input = textInput('i fly to New York, Monday.')
      expect(await copy.predict([input])).toEqual(await predictor.predict([input]))
      await copy.dispose()
    })

    test_('rows held aside come with scores and losses', () => {
      expect(artefact.heldAside.length).toBeGreaterThan(0)
      for (const { score, correct, loss, noveltyScore } of artefact.heldAside) {
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
        expect(loss === 0).toBe(correct)
        expect(Number.isFinite(noveltyScore)).toBe(true)
      }
      expect(artefact.heldAside.some(({ correct }) => correct)).toBe(true)
    })

    test_('training says how far it is, never backwards', () => {
      const done = progress.filter(({ stage }) => stage === 'training').map((event) => event.done)
      expect(done.length).toBeGreaterThan(0)
      expect(done).toEqual(done.toSorted((a, b) => a - b))
    })

    test_('a cancelled training ends at once', async () => {
      const controller = new AbortController()
      const training = subject.tier.train(tinySpanTask, tinySpanRows(subject.rows * 20, 1), {
        seed: 0,
        signal: controller.signal,
      })
      setTimeout(() => controller.abort(), 100)
      const began = performance.now()
      await expect(training).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - began).toBeLessThan(1500)
    })

    test_('rows without any span, a label without any, and overlapping spans are borne', async () => {
      const space = { kind: 'spans', labels: ['city', 'day', 'never'] } as const
      const odd = spanned('from Berlin Mitte', [
        [5, 11, 'city'],
        [5, 17, 'city'],
      ])
      const rows = [...tinySpanRows(subject.rows, 1).examples, odd, spanned('', [])]
      const trained = await subject.tier.train({ ...tinySpanTask, space }, exampleSet(rows), { seed: 0 })
      const loaded = await subject.tier.load(trained)
      const [prediction] = await loaded.predict([textInput('i fly to Paris, Friday.')])
      expect(spansOf(prediction!).map((span) => span.label)).toEqual(['city', 'day'])
      await loaded.dispose()
      const none = exampleSet([spanned('nothing here', []), spanned('nor here', [])])
      const empty = await subject.tier.load(await subject.tier.train(tinySpanTask, none, { seed: 0 }))
      expect(spansOf((await empty.predict([textInput('nothing here')]))[0]!)).toEqual([])
      await empty.dispose()
    })
  })
}

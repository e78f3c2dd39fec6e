/** What every tier that trains question answering must do; each tier runs this suite on a tiny task of its own making. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { ProgressEvent } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleId, exampleSet } from '../data/example-set.ts'
import { plainAnswers } from '../task/question-answering/answer-rendering.ts'
import { type QuestionAnswer, sameAnswer } from '../task/question-answering/answer-text.ts'
import { presenceLabels } from '../task/question-answering/presence.ts'
import type { Task, TaskInput } from '../task/types.ts'
import type { TierUnderTest } from './tier.contract.ts'
import type { Artefact, RawPrediction, RawPredictor } from './tier.ts'

type Question = Extract<TaskInput, { kind: 'question' }>

const names = ['Ada', 'Tom', 'Wei', 'Olga', 'Marie', 'Bob'] as const
const cities = ['Berlin', 'Paris', 'Oslo', 'Rome', 'Madrid', 'Vienna'] as const
const foods = ['bread', 'rice', 'soup', 'apples', 'fish', 'cheese'] as const
/** Of each thing that is asked: the question, and the sentence that answers it, the answer in braces. */
const facts = [
  { ask: 'where does NAME live?', say: 'NAME lives in {CITY}.' },
  { ask: 'what does NAME eat?', say: 'NAME eats {FOOD}.' },
] as const
const filler = 'nothing else happened that day. '

/** A task of two sorts of questions, told by their verbs. */
export const tinyQuestionTask: Task = {
  id: taskId('tiny-questions'),
  kind: 'question-answering',
  space: { kind: 'answer' },
  rendering: plainAnswers,
  risk: { risk: 0.02, delta: 0.05 },
  masked: false,
  paused: false,
}

/** An example of a question about a text; the answer stands where the text says `{answer}`, or nowhere. */
export function asked(question: string, text: string, changes: Partial<Example> = {}): Example {
  const start = text.indexOf('{')
  const answer = text.slice(start + 1, text.indexOf('}'))
  const input = { kind: 'question', question, context: text.replace(/[{}]/g, '') } as const
  const output: QuestionAnswer =
    start < 0
      ? { kind: 'answer' }
      : { kind: 'answer', span: { start, end: start + answer.length, text: answer } }
  return { id: exampleId(input), input, output, source: 'gold', weight: 1, ...changes }
}

/** Rows of the tiny task; in one of four the text does not say what is asked. */
export function tinyQuestionRows(count: number, seed: number): ExampleSet {
  const random = seededRandom(seed)
  const one = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
  const rows = Array.from({ length: count }, (_, row) => {
    const [name, city, food] = [one(names), one(cities), one(foods)]
    const filled = (text: string): string =>
      text.replaceAll('NAME', name).replace('CITY', city).replace('FOOD', food)
    const [first, second] = random.shuffle([0, 1]).map((at) => facts[at]!)
    const other = filled(second!.say).replace(/[{}]/g, '')
    const said = row % 4 === 3 ? [other] : random.shuffle([filled(first!.say), other])
    return asked(filled(first!.ask), `${said.join(' ')} it was day ${random.below(1000)}.`)
  })
  return exampleSet(rows)
}

/** Inputs that a careless reader of texts breaks on. */
const oddInputs: { readonly [name: string]: Omit<Question, 'kind'> } = {
  'an empty context': { question: 'where does Ada live?', context: '' },
  'a context of spaces': { question: 'where does Ada live?', context: ' \n\t ' },
  'an empty question': { question: '', context: 'Ada lives in Berlin.' },
  'a question in another script': { question: '阿达住在哪里？', context: 'Ada lives in Berlin.' },
  'a context in another script': { question: 'where does Ada live?', context: '阿达住在柏林。她吃面包。' },
  'an unknown script': { question: 'ᚠᛇᚻ᛫?', context: 'ᚠᛇᚻ᛫ᛒᛦᚦ ᚠᚱᚩᚠᚢᚱ' },
  'lone surrogates': { question: 'where \ud83d?', context: '\ud83d Ada lives in \udc00 Berlin.' },
  'null characters': { question: 'where\0?', context: 'Ada\0lives in Berlin.' },
  'emoji and combining marks': { question: 'where?', context: '👩‍👩‍👧 Ada lives in Sa\u0303o Paulo 🇧🇷.' },
  'letters that grow in lower case': { question: 'where is İ?', context: 'İ lives in İstanbul.' },
  'a context of one endless word': { question: 'where?', context: 'a'.repeat(20_000) },
  'a context of 100,000 characters': {
    question: 'where does Ada live?',
    context: filler.repeat(3200).slice(0, 100_000),
  },
  'a question of 100,000 characters': {
    question: `${'where does Ada live, '.repeat(5000).slice(0, 100_000)}?`,
    context: 'Ada lives in Berlin.',
  },
}

function answerOf({ output }: Pick<RawPrediction, 'output'>): QuestionAnswer {
  return output.kind === 'answer' ? output : expect.fail(`an output of kind ${output.kind}`)
}

/** The answer quotes its context, or there is none; scores are shares. */
function expectSound({ context }: Omit<Question, 'kind'>, prediction: RawPrediction): void {
  const { span, others } = answerOf(prediction)
  expect(others).toBeUndefined()
  if (span) {
    expect(span.start).toBeGreaterThanOrEqual(0)
    expect(span.end).toBeGreaterThan(span.start)
    expect(span.end).toBeLessThanOrEqual(context.length)
    expect(span.text).toBe(context.slice(span.start, span.end))
    expect(span.text.trim()).toBe(span.text)
  }
  expect(prediction.score).toBeGreaterThanOrEqual(0)
  expect(prediction.score).toBeLessThanOrEqual(1)
  expect(Number.isFinite(prediction.noveltyScore)).toBe(true)
  const { distribution } = prediction
  if (!distribution) return
  expect(distribution.labels).toEqual(presenceLabels)
  expect([...distribution.probabilities].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3)
}

function question(text: string, context: string): Question {
  return { kind: 'question', question: text, context }
}

/** Runs the suite. */
export function describeQuestionTier(name: string, create: () => Promise<TierUnderTest>): void {
  describe(`question answering contract: ${name}`, () => {
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
      artefact = await subject.tier.train(tinyQuestionTask, tinyQuestionRows(subject.rows, 1), {
        seed: 0,
        progress: (event) => progress.push(event),
      })
      predictor = await subject.tier.load(artefact)
    }, 300_000)

    afterAll(async () => predictor?.dispose())

    test_('it learns a task of two sorts of questions, and when the answer is not there', async () => {
      const { examples } = tinyQuestionRows(60, 2)
      const predictions = await predictor.predict(examples.map(({ input }) => input))
      for (const [row, prediction] of predictions.entries())
        expectSound(examples[row]!.input as Question, prediction)
      const right = predictions.filter((prediction, row) =>
        sameAnswer(answerOf(prediction), answerOf(examples[row]!)),
      )
      // Always "not there" has 15.
      expect(right.length).toBeGreaterThanOrEqual(48)
    })

    test_('an answer is found behind the first windows of a long text', async () => {
      const long = `${filler.repeat(300)}Ada lives in Oslo. ${filler.repeat(30)}`
      const [prediction] = await predictor.predict([question('where does Ada live?', long)])
      expectSound({ question: '', context: long }, prediction!)
      expect(answerOf(prediction!).span?.text).toBe('Oslo')
    })

    test_('a strange question is more novel than one of training', async () => {
      const inputs = [
        question('what does Tom eat?', 'Tom eats soup. Tom lives in Rome. it was day 7.'),
        question('zur Kasse: Blumenkohl?', 'Der Preis beträgt 3 Euro, sagt Händler Kunz & Söhne!'),
      ]
      const [known, strange] = await predictor.predict(inputs)
      expect(strange!.noveltyScore).toBeGreaterThan(known!.noveltyScore)
    })

    for (const [title, input] of Object.entries(oddInputs)) {
      test_(`it answers what is odd: ${title}`, async () => {
        const began = performance.now()
        const [prediction] = await predictor.predict([{ kind: 'question', ...input }])
        expectSound(input, prediction!)
        if (input.context.trim() === '') expect(answerOf(prediction!).span).toBeUndefined()
        expect(performance.now() - began).toBeLessThan(subject.timeoutMs)
      })
    }

    test_('the order and number of inputs do not change an answer', async () => {
      const inputs = tinyQuestionRows(12, 3).examples.map(({ input }) => input)
      const forward = await predictor.predict(inputs)
      const backward = (await predictor.predict([...inputs].reverse())).toReversed()
      expect(backward.map(({ output }) => output)).toEqual(forward.map(({ output }) => output))
      backward.forEach(({ score }, row) => {
        expect(score).toBeCloseTo(forward[row]!.score, 4)
      })
      expect(await predictor.predict([])).toEqual([])
    })

    test_('the same seed gives the same bytes, and an artefact goes through JSON and back', async () => {
      const again = await subject.tier.train(tinyQuestionTask, tinyQuestionRows(subject.rows, 1), { seed: 0 })
      expect([...again.files.keys()]).toEqual([...artefact.files.keys()])
      for (const [file, bytes] of again.files) expect(bytes).toEqual(artefact.files.get(file))
      const copy = await subject.tier.load({ ...artefact, meta: JSON.parse(JSON.stringify(artefact.meta)) })
      const { examples } = tinyQuestionRows(4, 5)
      const inputs = examples.map(({ input }) => input)
      expect(await copy.predict(inputs)).toEqual(await predictor.predict(inputs))
      await copy.dispose()
    })

    test_('rows held aside are rows of the training part, judged by what they say and not by where', () => {
      const ids = new Set(tinyQuestionRows(subject.rows, 1).examples.map(({ id }) => id))
      expect(artefact.heldAside.length).toBeGreaterThan(0)
      for (const { example, score, noveltyScore } of artefact.heldAside) {
        if (example !== undefined) expect(ids).toContain(example)
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
        expect(Number.isFinite(noveltyScore)).toBe(true)
      }
      expect(artefact.heldAside.some(({ correct }) => correct)).toBe(true)
    })

    test_('training says how far it is, never backwards', () => {
      const done = progress.filter(({ stage }) => stage === 'training').map((event) => event.done)
      expect(done.length).toBeGreaterThan(0)
      expect(done).toEqual(done.toSorted((a, b) => a - b))
    })

    test_('a cancelled training ends', async () => {
      const controller = new AbortController()
      const training = subject.tier.train(tinyQuestionTask, tinyQuestionRows(subject.rows * 20, 1), {
        seed: 0,
        signal: controller.signal,
      })
      controller.abort()
      const began = performance.now()
      await expect(training).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - began).toBeLessThan(5000)
    })

    test_('rows that are all answered, several right answers, and long rows are borne', async () => {
      const { examples } = tinyQuestionRows(subject.rows, 1)
      const answered = examples.filter(({ output }) => output.kind === 'answer' && output.span !== undefined)
      const several = asked('where does Ada live?', 'Ada lives in {Berlin}, in Mitte.')
      const { span } = answerOf(several)
      const others = [{ start: 21, end: 29, text: 'in Mitte' }]
      const long = asked('where does Ada live?', `${filler.repeat(300)}Ada lives in {Oslo}.`)
      const rows = [
        ...answered,
        { ...several, output: { kind: 'answer', span: span!, others } as const },
        long,
      ]
      const trained = await subject.tier.train(tinyQuestionTask, exampleSet(rows), { seed: 0 })
      const loaded = await subject.tier.load(trained)
      const input = question('what does Wei eat?', 'Wei eats rice. Wei lives in Rome. it was day 3.')
      const [prediction] = await loaded.predict([input])
      expectSound(input, prediction!)
      expect(answerOf(prediction!).span?.text).toBe('rice')
      await loaded.dispose()
    })
  })
}

import { expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { specialistId, taskId } from '../base/ids.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { exampleId, exampleSet } from '../data/example-set.ts'
import type { Baseline } from '../eval/baseline.ts'
import { evaluatePredictions } from '../eval/evaluate.ts'
import { compareWithBaselines, fitBaselines } from '../eval/report.ts'
import type { Prediction } from '../task/predictor.ts'
import type { Task } from '../task/types.ts'
import { type Card, type CardInput, cardJson, makeCard, parseCard } from './card.ts'
import { cardMarkdown } from './card-markdown.ts'
import { cardPage } from './card-page.ts'
import { certify } from './certify.ts'
import { verdictOf } from './verdict.ts'

/** A label that would break a table and a page, were it not written as text. */
const spam = 'sp|am<script>alert(1)</script>'

const task: Task = {
  id: taskId('mail'),
  kind: 'classification',
  space: { kind: 'labels', labels: ['ham', spam], multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.02, delta: 0.05 },
  masked: true,
  paused: false,
}

function examples(count: number, name: string, source: Example['source']): readonly Example[] {
  return Array.from({ length: count }, (_, row) => {
    const input = { kind: 'text', text: `${name} ${row}` } as const
    const output = { kind: 'labels', labels: [row % 4 === 0 ? spam : 'ham'] } as const
    return { id: exampleId(input), input, output, source, weight: 1 }
  })
}

const majority: Baseline = {
  name: 'majority',
  fit: async () => ({ predict: async (texts) => texts.map(() => 'ham') }),
}

async function cardOf(source: Example['source'], calibrationRows: number): Promise<Card> {
  const random = seededRandom(1)
  const splits = {
    train: exampleSet(examples(900, 'train', source)),
    calibration: exampleSet(examples(calibrationRows, 'calibration', source)),
    test: exampleSet(examples(300, 'test', source)),
  }
  const rows = (count: number) =>
    Array.from({ length: count }, () => ({
      score: 0.9 + random.next() / 10,
      correct: true,
      noveltyScore: random.normal(),
    }))
  const specialist = specialistId(task.id, 1)
  const certified = certify({
    target: task.risk,
    wrongMeans: source === 'teacher' ? 'disagreement' : 'error',
    heldAside: rows(200),
    calibration: rows(calibrationRows),
    test: rows(300),
    trainRows: 900,
    holdsFor: {
      specialists: [{ id: specialist, digest: sha256('files') }],
      maskingVersion: 1,
      upstream: 'big',
    },
    data: { train: splits.train.digest, calibration: splits.calibration.digest, test: splits.test.digest },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  })
  const predictions: readonly Prediction[] = splits.test.examples.map((example, row) => ({
    output: row % 50 === 0 ? { kind: 'labels', labels: ['ham'] } : example.output,
    confidence: 0.95,
    novelty: 0.1,
  }))
  const input: CardInput = {
    specialist,
    task,
    artefact: { tier: 'nano', files: new Map([['head', new Uint8Array(5)]]), meta: {} },
    splits,
    evaluation: evaluatePredictions(predictions, splits.test.examples, { gate: certified.certificate }),
    comparison: await compareWithBaselines({
      test: splits.test.examples,
      predictions,
      baselines: await fitBaselines([majority], splits.train.examples, { seed: 0 }),
      seed: 0,
    }),
    certified,
    verdict: verdictOf({ certificate: certified.certificate }),
    provenance: {
      shoal: '0.1.0',
      node: '20.20.2',
      seed: 0,
      options: { epochs: 3 },
      createdAt: '2026-11-24T00:00:00.000Z',
      trainMs: 1234,
    },
    notes: ['Three rows were left out.'],
  }
  return makeCard(input)
}

test('a card survives JSON', async () => {
  const card = await cardOf('gold', 800)
  expect(parseCard(cardJson(card), card.specialist)).toEqual(card)
  expect(card.sizeBytes).toBe(5)
  expect(card.data.sources).toEqual({ gold: 2000 })
})

test('a card that was changed to another shape is an error that says where', async () => {
  const card = await cardOf('gold', 800)
  expect(() => parseCard({ ...card, format: 2 }, 'mail@1')).toThrow(/mail@1 cannot be read: format: /)
  const certificate = { ...card.certificate, threshold: 2 }
  expect(() => parseCard({ ...card, certificate }, 'mail@1')).toThrow(/certificate\.threshold/)
  expect(() => parseCard(undefined, 'mail@1')).toThrow(/the card/)
})

test('the Markdown says the promise, the scores beside the baseline, the limits and the provenance', async () => {
  const card = await cardOf('gold', 800)
  const text = cardMarkdown(card, { charts: false })
  expect(text).toMatch(
    /Of the calls that it answers, at most 2\.0% are wrong, with probability at least 95\.0%/,
  )
  expect(text).toMatch(/\| this specialist \| 99\.0% \[9[0-9.]+%, 9[0-9.]+%\] \| \|/)
  expect(text).toMatch(
    /always the most frequent label \| 75\.0% .*\+24\.0 points \[\+[0-9.]+, \+[0-9.]+\], p < 0\.001/,
  )
  expect(text).toContain('Three rows were left out.')
  expect(text).toContain(card.data.calibration.digest)
  expect(text).toContain('sp\\|am')
  expect(text).not.toMatch(/disagree|undefined|NaN/)
})

test('where right means the same as the upstream, every output says disagreement', async () => {
  const text = cardMarkdown(await cardOf('teacher', 800), { charts: false })
  expect(text).toMatch(/at most 2\.0% disagree with the upstream/)
  expect(text).toMatch(/agreement with the upstream/)
  expect(text).toMatch(/learned to err with it/)
  expect(text).not.toMatch(/are wrong/)
})

test('a refusal stands where the promise would', async () => {
  const text = cardMarkdown(await cardOf('gold', 60), { charts: false })
  expect(text).toMatch(/Nothing is answered locally: .* on 60 calibration rows\./)
})

test('with charts, the Markdown holds the three of them; for the terminal none', async () => {
  const card = await cardOf('gold', 800)
  const drawn = cardMarkdown(card, { charts: true })
  expect(drawn.match(/<svg xmlns=/g)).toHaveLength(3)
  expect(drawn).toContain('Is its confidence honest?')
  expect(drawn).toContain('How much could it answer, at which error?')
  expect(drawn).toContain('What it takes for what')
  expect(drawn).not.toMatch(/NaN|undefined|Infinity/)
  expect(cardMarkdown(card, { charts: false })).not.toContain('<svg')
})

test('the page holds every chart whole, no link to anywhere, and labels as text', async () => {
  const page = cardPage(await cardOf('gold', 800))
  expect(page.match(/<svg xmlns=[^>]*>\n<text/g)).toHaveLength(3)
  expect(page.match(/<\/svg>/g)).toHaveLength(3)
  expect(page).toContain('sp|am&lt;script&gt;')
  expect(page).not.toMatch(/<script|<a |<link|<img|href=|src=|url\(/)
})

test('a verdict against it stands first', async () => {
  const text = cardMarkdown(await cardOf('gold', 60), { charts: false })
  expect(text).toMatch(/^# mail@1\n\n.*\n\n## Verdict: do not train\n\n- Nothing is answered locally/)
})

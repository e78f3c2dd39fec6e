import { beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { exampleSet } from '../data/example-set.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { labelled, tinyTask } from '../tier/tier.contract.ts'
import type { RawPredictor } from '../tier/tier.ts'
import { type Calibration, fitCalibration, noveltyOf } from './calibration.ts'
import { noveltyLimitFor } from './novelty-limit.ts'

const wishes = {
  card: [
    'my card has not arrived',
    'the card was swallowed by the machine',
    'I lost my credit card',
    'the pin of my card is blocked',
  ],
  loan: [
    'how much interest is on the loan',
    'I want to borrow money for a house',
    'can I pay the mortgage earlier',
    'what loan can I get',
  ],
  refund: [
    'I want my money back',
    'please refund the payment',
    'the shop has to return what I paid',
    'cancel the payment',
  ],
} as const
const openings = ['hello,', 'good morning,', 'please help,', 'a question:', 'hi there,', 'dear team,']
const endings = [
  'thanks',
  'what can I do?',
  'it is urgent',
  'since last week',
  'can you check?',
  'please answer soon',
]

/** Rows of a bank's mail, no two of one seed alike but by chance. */
function bankRows(count: number, seed: number): ReturnType<typeof labelled>[] {
  const random = seededRandom(seed)
  const one = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
  return Array.from({ length: count }, (_, row) => {
    const label = (['card', 'loan', 'refund'] as const)[row % 3]!
    return labelled(`${one(openings)} ${one(wishes[label])} ${one(endings)} ${random.below(10_000)}`, label)
  })
}

let predictor: RawPredictor
let calibration: Calibration
let limit: number

beforeAll(async () => {
  const tier = createNanoTier()
  const examples = bankRows(600, 1)
  const artefact = await tier.train(tinyTask, exampleSet(examples), { seed: 0 })
  predictor = await tier.load(artefact)
  calibration = fitCalibration(artefact.heldAside, artefact.heldAside)
  limit = noveltyLimitFor(artefact.heldAside.length)
}, 60_000)

const noveltyOfText = (text: string): number =>
  noveltyOf(calibration, predictor.inline!.predict({ kind: 'text', text }).noveltyScore)

test('rows like the training rows are not novel', () => {
  const novel = bankRows(600, 2).filter(
    ({ input }) => input.kind === 'text' && noveltyOfText(input.text) > limit,
  )
  expect(novel.length / 600).toBeLessThanOrEqual(0.015)
})

test.each([
  ['empty', ''],
  ['blank', ' \n\t '],
  ['German', 'Könnten Sie mir bitte sagen, wann der nächste Zug nach Hamburg fährt?'],
  ['Chinese', '今天天气很好,我们去公园散步吧'],
  ['Russian', 'Подскажите, пожалуйста, когда открывается музей'],
  ['gibberish', 'qwpeoi zmxnv lkjasd pqowieu mznxbc'],
  ['code', 'for (let i = 0; i < rows.length; i++) total += rows[i].price'],
  [
    'of another task',
    'The midfielder scored twice before half-time and was substituted with an injured ankle',
  ],
  ['one symbol', '€'],
])('a text that is %s is novel', (_, text) => {
  expect(noveltyOfText(text)).toBeGreaterThan(limit)
})

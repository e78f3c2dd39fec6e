/** Field extraction on real receipts: what share can be learned byte for byte, and how well the nano tier then does it. */

import { taskId } from '../src/base/ids.ts'
import type { JsonObject } from '../src/base/json.ts'
import { seededRandom } from '../src/base/random.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId, exampleSet } from '../src/data/example-set.ts'
import { dictionaryBaseline } from '../src/eval/dictionary-baseline.ts'
import { extractionMetrics } from '../src/eval/extraction.ts'
import { judge, partsRows } from '../src/eval/judge.ts'
import { wilson } from '../src/stats/interval.ts'
import { learnFields } from '../src/task/fields/learn-fields.ts'
import type { Task, TaskOutput } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { writablePredictor } from '../src/trust/writable-predictor.ts'
import { copiedAnswer, normalisedAnswer, type Receipt, readReceipts } from './data/receipts.ts'
import type { Bench, Figure } from './harness.ts'

const folds = 5

export const bench: Bench = {
  name: 'extraction-fields',
  title: 'fields of SROIE receipts by the nano tier, five-fold cross-validation over 200 receipts',
  run: async ({ seed }) => {
    const { receipts, digest } = readReceipts()
    const copied = await measure(receipts, copiedAnswer, seed)
    const normalised = await measure(receipts, normalisedAnswer, seed)
    return {
      seed,
      options: { folds },
      data: { sroie_receipts: digest },
      figures: [
        ...figuresOf('fields copied', copied),
        ...figuresOf('dates and totals normalised', normalised),
      ],
      results: { copied: { ...copied }, normalised: { ...normalised } },
    }
  },
}

interface Measured extends JsonObject {
  readonly reproduced: number
  readonly notes: readonly string[]
  readonly f1: number
  readonly f1Low: number
  readonly f1High: number
  readonly perLabel: JsonObject
  readonly dictionaryF1: number
  /** Whole answers equal to the byte, of all receipts and of those whose answer can be learned. */
  readonly exact: number
  readonly exactOfLearnable: number
  /** Share of receipts that the surest answers make up before one in twenty of them is wrong. */
  readonly coverageAt5: number
}

/** Learned on four fifths, asked for the last, five times; the fields too are learned without the fifth that is asked. */
async function measure(
  receipts: readonly Receipt[],
  answerOf: (receipt: Receipt) => string,
  seed: number,
): Promise<Measured> {
  const order = seededRandom(seed).shuffle(receipts.map((_, at) => at))
  const asked: Asked[] = []
  for (let fold = 0; fold < folds; fold++) {
    const test = order.filter((_, at) => at % folds === fold)
    const train = order.filter((_, at) => at % folds !== fold)
    asked.push(...(await askFold(receipts, { train, test, answerOf, seed })))
    process.stderr.write(`fold ${fold + 1} of ${folds}\n`)
  }
  const whole = learnFields(receipts.map((receipt) => ({ text: receipt.text, answer: answerOf(receipt) })))
  const right = asked.map((one) => one.right)
  const learnable = asked.filter((one) => one.parts !== undefined)
  const metrics = (rows: readonly NonNullable<Asked['parts']>[]) =>
    extractionMetrics(rows, { random: seededRandom(seed), rowsWithoutSpans: asked.length - learnable.length })
  const ours = metrics(learnable.map(({ parts }) => parts!))
  return {
    reproduced: whole.kind === 'learned' ? whole.reproduced : 0,
    notes: whole.kind === 'learned' ? whole.notes : [whole.message],
    f1: ours.f1.value,
    f1Low: ours.f1.low,
    f1High: ours.f1.high,
    perLabel: Object.fromEntries(
      ours.perLabel.map(({ label, f1, support }) => [label, { f1: f1.value, support }]),
    ),
    dictionaryF1: metrics(learnable.map(({ plain }) => plain!)).f1.value,
    exact: wilson(right.filter(Boolean).length, right.length).value,
    exactOfLearnable: learnable.filter((one) => one.right).length / Math.max(1, learnable.length),
    coverageAt5: coverageAt(asked, 0.05),
  }
}

interface Asked {
  readonly score: number
  readonly right: boolean
  /** Parts of the right answer and of what was said; absent where the right answer is none of spans. */
  readonly parts?: ReturnType<typeof onlyParts>
  readonly plain?: ReturnType<typeof onlyParts>
}

interface Fold {
  readonly train: readonly number[]
  readonly test: readonly number[]
  readonly answerOf: (receipt: Receipt) => string
  readonly seed: number
}

async function askFold(
  receipts: readonly Receipt[],
  { train, test, answerOf, seed }: Fold,
): Promise<readonly Asked[]> {
  const rowsOf = (rows: readonly number[]) =>
    rows.map((row) => ({ text: receipts[row]!.text, answer: answerOf(receipts[row]!) }))
  const learned = learnFields(rowsOf(train))
  if (learned.kind === 'refusal') throw new Error(learned.message)
  const { rendering, labels } = learned
  const task: Task = {
    id: taskId('receipts'),
    kind: 'extraction',
    space: { kind: 'spans', labels },
    rendering,
    risk: { risk: 0.02, delta: 0.05 },
    masked: false,
    paused: false,
  }
  const rows = rowsOf(train).map(({ text }, row) => example(text, learned.outputs[row]!))
  const usable = exampleSet(rows.filter(({ output }) => output.kind === 'spans'))
  const tier = createNanoTier()
  const predictor = writablePredictor(await tier.load(await tier.train(task, usable, { seed })), rendering)
  // What the right answers are made of is looked up with the fields of the whole set: it trains nothing.
  const truth = learnFields([...rowsOf(train), ...rowsOf(test)])
  const expected = rowsOf(test).map(({ text, answer }, row) =>
    example(
      text,
      truth.kind === 'learned' ? truth.outputs[train.length + row]! : { kind: 'text', text: answer },
    ),
  )
  const said = await predictor.predict(expected.map(({ input }) => input))
  await predictor.dispose()
  const plain = plainAnswers(usable.examples, expected)
  const asText = rowsOf(test).map(({ text, answer }) => example(text, { kind: 'text', text: answer }))
  const right = judge(said, asText, task)
  return expected.map(({ output }, row): Asked => {
    const base = { score: said[row]!.score, right: right[row]! }
    if (output.kind !== 'spans') return base
    return {
      ...base,
      parts: onlyParts(said[row]!, expected[row]!, task),
      plain: onlyParts(plain[row]!, expected[row]!, task),
    }
  })
}

function onlyParts(said: { readonly output: TaskOutput }, expected: Example, task: Task) {
  return partsRows([said], [expected], task)![0]!
}

function plainAnswers(
  train: readonly Example[],
  asked: readonly Example[],
): readonly { readonly output: TaskOutput }[] {
  const textOf = ({ input }: Example): string => (input.kind === 'text' ? input.text : '')
  const spans = train.map(({ output }) => (output.kind === 'spans' ? output.spans : []))
  const fitted = dictionaryBaseline.fit(train.map(textOf), spans)
  return fitted.predict(asked.map(textOf)).map((found) => ({ output: { kind: 'spans', spans: found } }))
}

function example(text: string, output: TaskOutput): Example {
  const input = { kind: 'text', text } as const
  return { id: exampleId(input), input, output, source: 'gold', weight: 1 }
}

function coverageAt(asked: readonly Asked[], risk: number): number {
  const surest = asked.toSorted((a, b) => b.score - a.score)
  let [errors, answered] = [0, 0]
  surest.forEach(({ right }, at) => {
    if (!right) errors++
    if (errors <= risk * (at + 1)) answered = at + 1
  })
  return answered / asked.length
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`

function figuresOf(name: string, measured: Measured): readonly Figure[] {
  return [
    {
      what: `SROIE, ${name}: answers that what was learned gives back byte for byte`,
      measured: percent(measured.reproduced),
      target: 'reported',
      met: true,
    },
    {
      what: `SROIE, ${name}: strict F1 of the fields of such answers`,
      measured: `${percent(measured.f1)} (95% interval ${percent(measured.f1Low)} to ${percent(measured.f1High)})`,
      target: 'above the dictionary',
      met: measured.f1 > measured.dictionaryF1,
      peer: `texts remembered from training: ${percent(measured.dictionaryF1)}`,
    },
    {
      what: `SROIE, ${name}: whole answers equal to the byte, of all and of those that can be`,
      measured: `${percent(measured.exact)}, ${percent(measured.exactOfLearnable)}`,
      target: 'reported',
      met: true,
    },
  ]
}

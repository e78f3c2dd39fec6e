/**
 * Learns how the upstream writes its answers: which part of them is the label and what stands around it. An answer in
 * another form is left out, and what is learned holds for nearly all of them or not at all.
 */
import { jsonBody, jsonLeaves } from './json-leaves.ts'
import { learnEscapes } from './json-string.ts'
import type { Refusal } from './refusal.ts'
import { read } from './rendering.ts'
import { type CountedText, countTexts, mostSeen } from './tally.ts'
import { textRendering } from './text-rendering.ts'
import type { LabelRendering } from './types.ts'

/** Share of the answers that must have the form that is learned. */
const formShare = 0.98
/** Longer answers say more than a label. */
const longestAnswer = 4000

/** JSON answers in which several values vary are labels as a whole: a part of them would not give back the rest. */
const wholeAnswer: LabelRendering = Object.freeze({ kind: 'text', before: '', after: '' })

/** A rendering, and the label of each answer given; `undefined` where the answer has another form. */
export interface LearnedRendering {
  readonly kind: 'learned'
  readonly rendering: LabelRendering
  readonly labels: readonly (string | undefined)[]
}

/**
 * Learns the rendering of answers that say one label each. Of JSON answers with one value that varies, this is the
 * label; where several vary together the whole answer is.
 */
export function learnRendering(answers: readonly string[]): LearnedRendering | Refusal {
  const counted = [...countTexts(answers)].map(([text, count]): CountedText => ({ text, count }))
  if (counted.length < 2) return oneAnswer(answers)
  const json = jsonAnswers(counted)
  const least = formShare * weightOf(counted)
  const rendering =
    weightOf(json) >= least ? (jsonRendering(json, least) ?? wholeAnswer) : textRendering(counted, least)
  const labelOf = new Map(counted.map(({ text }) => [text, read(rendering, text)]))
  const labels = answers.map((answer) => labelOf.get(answer))
  if (new Set(labels.filter((label) => label !== undefined)).size < 2) return oneAnswer(answers)
  return { kind: 'learned', rendering, labels }
}

/** A value in an answer: its offsets, its text there, and the text that equal values share. */
interface JsonPlace {
  readonly start: number
  readonly end: number
  readonly raw: string
  readonly value: string
}

/** An answer's JSON with the values in it. */
interface JsonAnswer extends CountedText {
  /** Paths of the values, as one text. */
  readonly shape: string
  readonly values: readonly JsonPlace[]
}

function jsonAnswers(counted: readonly CountedText[]): readonly JsonAnswer[] {
  return counted.flatMap((answer) => {
    const body = answer.text.length <= longestAnswer ? jsonBody(answer.text) : undefined
    const leaves = body === undefined ? undefined : jsonLeaves(body.text)
    if (body === undefined || leaves === undefined) return []
    const values = leaves.map(({ start, end }): JsonPlace => {
      const raw = body.text.slice(start, end)
      return { start: start + body.start, end: end + body.start, raw, value: JSON.stringify(JSON.parse(raw)) }
    })
    const shape = leaves
      .map((leaf) => leaf.path)
      .toSorted()
      .join()
    const order = leaves
      .map((_, index) => index)
      .toSorted((a, b) => (leaves[a]!.path < leaves[b]!.path ? -1 : 1))
    return [{ ...answer, shape, values: order.map((index) => values[index]!) }]
  })
}

function weightOf(answers: readonly CountedText[]): number {
  return answers.reduce((sum, answer) => sum + answer.count, 0)
}

/** The key with the greatest weight of answers. */
function heaviest<T extends CountedText>(answers: readonly T[], keyOf: (answer: T) => string): string {
  const weights = new Map<string, number>()
  for (const answer of answers) weights.set(keyOf(answer), (weights.get(keyOf(answer)) ?? 0) + answer.count)
  return [...weights].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0] as const)[0]
}

/** The rendering of JSON answers that have the same members and differ in one value. */
function jsonRendering(all: readonly JsonAnswer[], least: number): LabelRendering | undefined {
  const shape = heaviest(all, (answer) => answer.shape)
  const alike = all.filter((answer) => answer.shape === shape)
  if (shape === '' || weightOf(alike) < least) return undefined
  const usual = alike[0]!.values.map((_, place) => heaviest(alike, (answer) => answer.values[place]!.value))
  const differing = alike.map((answer) =>
    usual.flatMap((text, place) => (answer.values[place]!.value === text ? [] : [place])),
  )
  // An answer that differs from the usual one in one place only speaks for that place, one with no difference for all.
  const fits = (place: number): readonly JsonAnswer[] =>
    alike.filter((_, index) => differing[index]!.every((other) => other === place))
  const place = usual
    .map((_, index) => index)
    .reduce((best, index) => (weightOf(fits(index)) > weightOf(fits(best)) ? index : best), 0)
  const rows = fits(place)
  return weightOf(rows) >= least ? renderingAt(place, rows) : undefined
}

function renderingAt(place: number, rows: readonly JsonAnswer[]): LabelRendering {
  const isString = rows.every((answer) => answer.values[place]!.raw.startsWith('"'))
  const quote = isString ? 1 : 0
  const around = ({ text, values }: JsonAnswer): readonly [before: string, after: string] => {
    const { start, end } = values[place]!
    return [text.slice(0, start + quote), text.slice(end - quote)]
  }
  const usual = heaviest(rows, (row) => JSON.stringify(around(row)))
  const same = rows.filter((row) => JSON.stringify(around(row)) === usual)
  const [before, after] = around(same[0]!)
  if (!isString) return { kind: 'json-value', before, after }
  const insides = same.map((row) => row.values[place]!.raw.slice(1, -1))
  const escapes = learnEscapes(insides)
  const isPlain = escapes.nonAscii === 'literal' && escapes.ascii === ''
  return { kind: 'json', before, after, ...(isPlain ? {} : { escapes }) }
}

function oneAnswer(answers: readonly string[]): Refusal {
  return {
    kind: 'refusal',
    reason: answers.length === 0 ? 'too-few-calls' : 'one-answer',
    message:
      answers.length === 0
        ? 'There are no answers to learn from. Let calls of this task pass, or import some.'
        : `All ${answers.length} answers say the same, so there is nothing to tell apart. A task needs calls with at least two different answers.`,
    seen: mostSeen(answers),
  }
}

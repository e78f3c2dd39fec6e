/**
 * Learns how the upstream answers questions about a text: what it writes around a quote, and what it says where the answer
 * is not there. An answer that is neither is judged by and not trained on.
 */
import { isJsonObject, type Json, tryParseJson } from '../../base/json.ts'
import { jsonBody } from '../json-leaves.ts'
import { learnRendering } from '../learn-rendering.ts'
import type { Refusal } from '../refusal.ts'
import { mostSeen } from '../tally.ts'
import type { AnswerRendering, TaskInput, TaskOutput } from '../types.ts'
import { readAnswer } from './answer-rendering.ts'
import { saysNotThere } from './not-there-words.ts'
import { findQuote } from './quotes.ts'

/** A question that was answered, as the answer was written. */
export interface AnsweredQuestion {
  readonly input: Extract<TaskInput, { kind: 'question' }>
  readonly answer: string
}

export interface LearnedAnswers {
  readonly kind: 'learned'
  readonly rendering: AnswerRendering
  /** Of each answer, in step; its text where it is no quote and does not say "not there". */
  readonly outputs: readonly TaskOutput[]
  /** What was not learned from, in sentences. */
  readonly notes: readonly string[]
}

/** Fewest times that "not there" is said in the same words, and the share of all answers where the words are not known. */
const fewestSaid = 2
const unknownWordsShare = 0.05
/** In at most this share of its contexts stands what says "not there". */
const mostStanding = 0.1
/** At least this share of the answers that do not say "not there" must be quotes. */
const fewestQuotes = 0.5
/** A few values that answer questions without a quote. */
const plainVerdict = /^\W*(?:yes|no|true|false|ja|nein|oui|non|sí|是|否|\d+)\W*$/iu

/** Learns from at least two different answers, in any order. */
export function learnAnswers(rows: readonly AnsweredQuestion[]): LearnedAnswers | Refusal {
  const notThere = notThereTexts(rows)
  const isQuoted = ({ answer }: AnsweredQuestion): boolean => !notThere.includes(answer)
  const found = learnRendering(rows.filter(isQuoted).map(({ answer }) => answer))
  if (found.kind === 'refusal') return found
  const rendering: AnswerRendering = { kind: 'answer', found: found.rendering, notThere }
  const outputs = rows.map((row) => outputOf(row, rendering))
  const lost = rows.filter((_, row) => outputs[row]!.kind === 'text')
  const quotes = outputs.filter((output) => output.kind === 'answer' && output.span !== undefined).length
  if (quotes < fewestQuotes * (quotes + lost.length)) return notQuoted(rows.length, quotes, lost)
  return { kind: 'learned', rendering, outputs, notes: notesOf(rows.length, lost, notThere) }
}

/** 0..1: share of the answers that quote the context or say "not there". */
export function quotedShare(rows: readonly AnsweredQuestion[]): number {
  const learned = learnAnswers(rows)
  if (learned.kind === 'refusal') return 0
  return learned.outputs.filter(({ kind }) => kind === 'answer').length / Math.max(1, rows.length)
}

/** True where the answer, or a text or number in its JSON, stands in a text. */
export function standsIn(answer: string, text: string): boolean {
  return valuesOf(answer).some((value) => value !== '' && findQuote(text, '', value) !== undefined)
}

function outputOf({ input, answer }: AnsweredQuestion, rendering: AnswerRendering): TaskOutput {
  const said = readAnswer(rendering, answer)
  if (said?.kind === 'not-there') return { kind: 'answer' }
  const span = said && findQuote(input.context, input.question, said.text)
  return span === undefined ? { kind: 'text', text: answer } : { kind: 'answer', span }
}

/** Whole answers that are said to several questions and stand in hardly any context: in known words, or else the most frequent. */
function notThereTexts(rows: readonly AnsweredQuestion[]): readonly string[] {
  const rowsOf = new Map<string, AnsweredQuestion[]>()
  for (const row of rows) {
    const same = rowsOf.get(row.answer)
    if (same === undefined) rowsOf.set(row.answer, [row])
    else same.push(row)
  }
  const repeated = [...rowsOf]
    .filter(([answer, same]) => {
      const some = same.slice(0, 100)
      const standing = some.filter(({ input }) => standsIn(answer, input.context)).length
      return same.length >= fewestSaid && standing <= mostStanding * some.length
    })
    .sort(([, a], [, b]) => b.length - a.length)
  const known = repeated.filter(([answer]) => valuesOf(answer).every(saysNotThere))
  if (known.length > 0) return known.map(([answer]) => answer)
  const [most] = repeated
  const isFrequent = most !== undefined && most[1].length >= unknownWordsShare * rows.length
  return isFrequent && !valuesOf(most[0]).every((value) => plainVerdict.test(value)) ? [most[0]] : []
}

/** Texts and numbers in the JSON of an answer, or the answer itself; none where its JSON says nothing. */
function valuesOf(answer: string): readonly string[] {
  const body = jsonBody(answer)
  const json = body === undefined ? tryParseJson(answer.trim()) : tryParseJson(body.text)
  if (json === null) return []
  return json === undefined || typeof json !== 'object' ? [answer.trim()] : leavesOf(json)
}

function leavesOf(json: Json): readonly string[] {
  if (typeof json === 'string') return json === '' ? [] : [json]
  if (typeof json === 'number') return [String(json)]
  if (Array.isArray(json)) return json.flatMap(leavesOf)
  return isJsonObject(json) ? Object.values(json).flatMap(leavesOf) : []
}

function notQuoted(all: number, quotes: number, lost: readonly AnsweredQuestion[]): Refusal {
  return {
    kind: 'refusal',
    reason: 'not-in-input',
    message:
      `Question answering gives back a piece of the text, but of ${all} answers only ${quotes} quote theirs and ${lost.length} neither quote it nor say in the same words that it is not there. ` +
      'Have the prompt ask for an exact quote of the text, alone or in one field of JSON, and for one fixed phrase where there is none.',
    seen: mostSeen(lost.map(({ answer }) => answer)),
  }
}

function notesOf(
  all: number,
  lost: readonly AnsweredQuestion[],
  notThere: readonly string[],
): readonly string[] {
  const some = mostSeen(lost.map(({ answer }) => answer))
    .slice(0, 3)
    .map(({ text }) => JSON.stringify(text))
    .join(', ')
  return [
    ...(lost.length === 0
      ? []
      : [
          `${lost.length} of ${all} answers are no quote of their text, such as ${some}: not trained on, and any answer to them counts as wrong.`,
        ]),
    ...(notThere.length === 0
      ? ['No answer says that it is not in the text, so that is never answered locally.']
      : [
          `"Not there" is said as ${notThere
            .slice(0, 3)
            .map((text) => JSON.stringify(text))
            .join(', ')}${notThere.length > 1 ? '; the first is written' : ''}.`,
        ]),
  ]
}

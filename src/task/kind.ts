/**
 * Tells a task's kind from its inputs and answers: a closed set of answers is classification; answers whose values stand
 * in the input, extraction; a question and a context, question answering; else generation. What is unclear is refused.
 */
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import { closedSet } from './classification.ts'
import { type AnsweredText, learnFields } from './fields/learn-fields.ts'
import { jsonBody } from './json-leaves.ts'
import type { Refusal } from './refusal.ts'
import { countTexts, mostSeen } from './tally.ts'
import type { Slots } from './template.ts'
import type { TaskKind } from './types.ts'

/** What stood in a call's slots and what was answered; `label` as the rendering read it, absent where it could not. */
export interface AnsweredInput {
  readonly slots: Slots
  readonly answer: string
  readonly label?: string
}

export interface InferredKind {
  readonly kind: 'inferred'
  readonly taskKind: TaskKind
}

/** From this share on a property of the answers is taken for the task's own, and under the other for chance. */
const clearShare = 0.9
const doubtShare = 0.5
/** Labels are short; a longer answer that repeats is a form letter. */
const longestLabel = 200
/** Calls that rules for fields are tried on. */
const fieldSample = 300

/** How the calls look as tasks whose answers are made of the input. */
export interface KindReadings {
  /** Inputs as extraction reads them. */
  readonly textsOf: (calls: readonly AnsweredInput[]) => readonly AnsweredText[]
  /** 0..1: share of the answers that quote a context or say "not there", where one slot holds questions; else 0. */
  readonly questionShare: (calls: readonly AnsweredInput[]) => number
}

/** The kind that the calls show, or a refusal with the answers that were seen. */
export function inferKind(
  calls: readonly AnsweredInput[],
  { textsOf, questionShare }: KindReadings,
): InferredKind | Refusal {
  const closed = closedShare(calls)
  if (closed >= closedSet.share) return inferred('classification')
  if (questionShare(calls) >= doubtShare) return inferred('question-answering')
  if (repeatedShare(calls) >= doubtShare) return unclear(calls, closed)
  const fromInput = Math.max(
    shareOf(calls, ({ slots, answer }) => stands(answer, Object.values(slots))),
    fieldsShare(textsOf(calls.slice(0, fieldSample))),
  )
  if (fromInput >= clearShare) return inferred('extraction')
  return fromInput >= doubtShare ? unclear(calls, closed) : inferred('generation')
}

/** Share of all calls whose label is one of at most 200 that were each given at least five times. */
function closedShare(calls: readonly AnsweredInput[]): number {
  const counts = [...labelCounts(calls).values()].filter((count) => count >= closedSet.fewestPerLabel)
  if (counts.length < 2 || counts.length > closedSet.mostLabels) return 0
  return counts.reduce((sum, count) => sum + count, 0) / calls.length
}

/** Share of the calls whose label was given to another call, too. */
function repeatedShare(calls: readonly AnsweredInput[]): number {
  const counts = labelCounts(calls)
  return shareOf(calls, ({ label }) => label !== undefined && (counts.get(label) ?? 0) > 1)
}

function labelCounts(calls: readonly AnsweredInput[]): ReadonlyMap<string, number> {
  return countTexts(
    calls.flatMap(({ label }) => (label !== undefined && label.length <= longestLabel ? [label] : [])),
  )
}

/** Share of the answers that rules for fields give back from the inputs: dates and amounts are written otherwise there. */
function fieldsShare(calls: readonly AnsweredText[]): number {
  const fields = learnFields(calls)
  return fields.kind === 'learned' ? fields.reproduced : 0
}

/** True where the answer, or each text and number in its JSON, stands in one of the inputs. */
function stands(answer: string, inputs: readonly string[]): boolean {
  const body = jsonBody(answer)
  const json = body === undefined ? undefined : tryParseJson(body.text)
  const values = json === undefined ? [answer.trim()] : valuesIn(json)
  return values.length > 0 && values.every((value) => inputs.some((input) => input.includes(value)))
}

function valuesIn(json: Json): readonly string[] {
  if (typeof json === 'string') return json === '' ? [] : [json]
  if (typeof json === 'number') return [String(json)]
  if (Array.isArray(json)) return json.flatMap(valuesIn)
  return isJsonObject(json) ? Object.values(json).flatMap(valuesIn) : []
}

function shareOf(calls: readonly AnsweredInput[], holds: (call: AnsweredInput) => boolean): number {
  return calls.filter(holds).length / Math.max(1, calls.length)
}

function inferred(taskKind: TaskKind): InferredKind {
  return { kind: 'inferred', taskKind }
}

function unclear(calls: readonly AnsweredInput[], closed: number): Refusal {
  const { mostLabels, fewestPerLabel, share } = closedSet
  const labels = labelCounts(calls).size
  return {
    kind: 'refusal',
    reason: 'kind-unclear',
    message:
      `It is unclear what kind of task this is: ${calls.length} answers with ${labels} different short values, ` +
      `${(closed * 100).toFixed(1)}% of the calls in values given at least ${fewestPerLabel} times. For classification at most ${mostLabels} such values must make up ${share * 100}%. ` +
      'Let more calls pass, or say the kind with --kind.',
    seen: mostSeen(calls.map(({ answer }) => answer)),
  }
}

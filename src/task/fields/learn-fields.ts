/**
 * Learns an extraction from inputs and the upstream's answers: the fields, where their values stand, how they are written.
 * What is learned must give the answers back byte for byte; an answer that it does not give back is kept as the text it
 * is, so that it counts as wrong wherever the specialist is judged, and is never trained on.
 */
import { holdsPlaceholder } from '../../text/masking.ts'
import type { Refusal } from '../refusal.ts'
import { countTexts, mostSeen } from '../tally.ts'
import type { TaskOutput } from '../types.ts'
import { learnBody, readBody } from './body.ts'
import { choosePlaces, type LocatedRow, learnPlaces } from './choose-places.ts'
import { ruleWords } from './choose-rule.ts'
import { collectWanted, placesOf } from './collect.ts'
import type { FieldNode, FieldRendering } from './field-rendering.ts'
import { type FieldProblem, type Induced, induce } from './induce.ts'
import type { JsonTree } from './json-tree.ts'
import { withPresence } from './presence.ts'
import { labelsOf, renderFields } from './render-fields.ts'

/** An input and the upstream's answer to it. */
export interface AnsweredText {
  readonly text: string
  readonly answer: string
}

export interface LearnedFields {
  readonly kind: 'learned'
  readonly rendering: FieldRendering
  /** Labels of the spans, sorted. */
  readonly labels: readonly string[]
  /** The output of each row: spans, or the answer's text where it is not given back. */
  readonly outputs: readonly TaskOutput[]
  /** Share of the answers that are given back byte for byte. */
  readonly reproduced: number
  /** What was learned and what was not, in sentences. */
  readonly notes: readonly string[]
}

/** With less of the answers given back it is another job. */
const fewestReproduced = 0.5
const fewestRows = 20

/** Learns from rows in their order; refuses with the answers seen where a field cannot be extracted. */
export function learnFields(rows: readonly AnsweredText[]): LearnedFields | Refusal {
  if (rows.length === 0) return refusal('too-few-calls', 'There are no answers to learn from.', rows)
  const body = learnBody(rows.map(({ answer }) => answer))
  const trees = rows.map(({ answer }) => readBody(body, answer))
  const read = trees.flatMap((tree, row) => (tree === undefined ? [] : [{ row, tree }]))
  const context = { texts: rows.map(({ text }) => text), found: new Map<string, Set<number>>() }
  if (read.length < fewestReproduced * rows.length)
    return refusal('no-common-answer', noForm(rows, read.length), rows)
  const induced = withPresence(induce(read, '', context), context.found)
  const problems = problemsIn(induced)
  // Answers that are no fields at all, such as prose, may well be another kind of task.
  const reason = induced.kind === 'problem' ? 'no-common-answer' : 'not-in-input'
  if (problems.length > 0) return refusal(reason, problemText(problems), rows)
  const root = induced as FieldNode
  const labels = [...new Set(labelsOf(root))].sort()
  if (labels.length === 0)
    return refusal('one-answer', 'No part of the answers is taken from the input.', rows)
  const rendering: FieldRendering = { kind: 'fields', ...body, root }
  if (holdsPlaceholder(JSON.stringify(rendering))) return refusal('not-in-input', maskedConstant, rows)
  const fitted = fitRows(rendering, rows, trees)
  const exact = fitted.filter(({ output }) => output.kind === 'spans').length
  if (exact < fewestReproduced * rows.length || exact < fewestRows) {
    return refusal('no-common-answer', tooFew(exact, rows.length, fitted), rows)
  }
  return {
    kind: 'learned',
    rendering,
    labels,
    outputs: fitted.map(({ output }) => output),
    reproduced: exact / rows.length,
    notes: [fieldsNote(root), ...lostNotes(exact, fitted)],
  }
}

interface Fitted {
  readonly output: TaskOutput
  /** Why the answer is not given back. */
  readonly why?: string
}

function fitRows(
  rendering: FieldRendering,
  rows: readonly AnsweredText[],
  trees: readonly (JsonTree | undefined)[],
): readonly Fitted[] {
  const located = rows.map(({ text }, row): LocatedRow => {
    const wanted = collectWanted(rendering.root, trees[row])
    return { text, located: wanted.map((one) => ({ wanted: one, places: placesOf(text, one) })) }
  })
  const score = learnPlaces(located)
  return rows.map(({ text, answer }, row): Fitted => {
    const lost = (why: string): Fitted => ({ output: { kind: 'text', text: answer }, why })
    if (trees[row] === undefined) return lost('the answer has another form')
    const nowhere = located[row]!.located.find(({ places }) => places.length === 0)
    if (nowhere) return lost(`"${nowhere.wanted.label}" does not stand in the input as it is answered`)
    const spans = choosePlaces(located[row]!, score)
    if (spans === undefined) return lost('two fields are taken from the same place')
    const isExact = renderFields(rendering, text, spans) === answer
    return isExact ? { output: { kind: 'spans', spans } } : lost('the answer is written otherwise than most')
  })
}

const maskedConstant =
  'A part of the answers that is no field of the input held personal data, which was masked before it was kept, so what the upstream writes there is not known. Have the prompt ask for values as they stand in the input, or keep this task unmasked.'

function problemsIn(node: Induced): readonly FieldProblem[] {
  if (node.kind === 'problem') return [node]
  return node.kind === 'object' ? node.members.flatMap((member) => problemsIn(member.node)) : []
}

function problemText(problems: readonly FieldProblem[]): string {
  const named = problems.map(({ field, why }) => `"${field || 'the answer'}": ${why}`).join('; ')
  return (
    `${problems.length === 1 ? 'One field' : `${problems.length} fields`} of the answers cannot be extracted from the inputs: ${named}. ` +
    'A specialist must give the whole answer, so this task is not trained: ask for such fields in a call of its own (what is chosen is a classification), or have them answered as they stand in the input.'
  )
}

function noForm(rows: readonly AnsweredText[], read: number): string {
  return `The ${rows.length} answers have no form in common: at most ${read} are JSON, or lines, of one shape. Answers of one task must have one form; have the prompt say which.`
}

function tooFew(exact: number, rows: number, fitted: readonly Fitted[]): string {
  return (
    `Of ${rows} answers only ${exact} could be given back byte for byte, and at least half of them and ${fewestRows} are needed. ` +
    `Reasons: ${reasons(fitted).join('; ')}. Have the prompt ask for values as they stand in the input, written in one way, or let more calls pass.`
  )
}

function reasons(fitted: readonly Fitted[]): readonly string[] {
  return [...countTexts(fitted.flatMap(({ why }) => why ?? []))]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 6)
    .map(([why, count]) => `${count} × ${why}`)
}

function lostNotes(exact: number, fitted: readonly Fitted[]): readonly string[] {
  const share = `${((100 * exact) / fitted.length).toFixed(1)}%`
  const given = `${exact} of ${fitted.length} answers (${share}) are given back byte for byte by what was learned`
  if (exact === fitted.length) return [`${given}.`]
  return [`${given}; the others are not trained on and count as wrong: ${reasons(fitted).join('; ')}.`]
}

function fieldsNote(root: FieldNode): string {
  return `Fields: ${describe(root).join(', ')}.`
}

function describe(node: FieldNode): readonly string[] {
  switch (node.kind) {
    case 'constant':
    case 'presence':
      return []
    case 'value':
      return [`${node.label} (${ruleWords(node.rule)})`]
    case 'list':
      return node.labels.map(({ label }) => `${label} (a list, ${ruleWords(node.rule)})`)
    case 'object':
      return node.members.flatMap((member) => describe(member.node))
  }
}

function refusal(reason: Refusal['reason'], message: string, rows: readonly AnsweredText[]): Refusal {
  return { kind: 'refusal', reason, message, seen: mostSeen(rows.map(({ answer }) => answer)) }
}

/**
 * Questions about texts in SQuAD's form, v1.1 and v2.0 (Rajpurkar et al. 2016, 2018; https://rajpurkar.github.io/SQuAD-explorer/):
 * articles with paragraphs, or a question an object as the Hugging Face hub holds them.
 * An answer whose offset does not match is moved where its text stands once in the context, else dropped, and counted.
 */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Span } from '../task/types.ts'
import { contextGroup } from './example-set.ts'
import { type OffsetUnit, type QuotedText, unitOf, unitOffsets } from './locate-spans.ts'
import type { ObjectAt } from './objects.ts'
import type { Row, SaidLayout } from './reader.ts'
import type { RowShape } from './row-shape.ts'

/** An answer as a file gives it; without an offset its text must stand once in the context. */
interface RawAnswer {
  readonly text: string
  readonly start?: number
}

/** A question as a file gives it. */
export interface RawQuestion {
  readonly name?: string
  readonly question: string
  readonly context: string
  readonly group: string
  readonly answers: readonly RawAnswer[]
  readonly isImpossible?: boolean
  /** What reading it has mended already. */
  readonly mended?: readonly string[]
}

const moved = 'an answer whose offset was wrong and whose text stands once in the context: moved there'
const ambiguous =
  'an answer whose offset was wrong and whose text stands several times in the context: dropped'
const unplaced = 'an answer without an offset whose text stands several times in the context: dropped'
const absent = 'an answer that does not stand in the context: dropped'

export const squadShape: RowShape = Object.freeze({
  format: 'squad',
  yields: 'example',
  recognise: (first: readonly ObjectAt[], said: SaidLayout) => {
    const isSquad = ({ value }: ObjectAt): boolean =>
      Array.isArray(value['paragraphs']) || flatQuestion(value) !== undefined
    if (first.length === 0 || !first.every(isSquad)) return undefined
    const unit = said.offsets ?? unitOf(first.flatMap(({ value }) => questionsIn(value)).map(quotesOf))
    return {
      score: 0.98,
      description: 'questions with answers in a context, in the form of SQuAD',
      rows: ({ line, value }: ObjectAt, file: string) => {
        const questions = questionsIn(value)
        if (questions.length === 0 && !Array.isArray(value['paragraphs']))
          throw appError('data.json', {
            file,
            line,
            column: 1,
            problem: 'there are no questions with a context',
            hint: 'Each object needs "paragraphs" with "context" and "qas", or "question", "context" and "answers".',
          })
        return questions.map((question) => questionRow(line, question, unit))
      },
    }
  },
})

function questionsIn(object: JsonObject): readonly RawQuestion[] {
  const flat = flatQuestion(object)
  if (flat !== undefined) return [flat]
  const title = object['title']
  return list(object['paragraphs']).flatMap((paragraph) => {
    if (!isJsonObject(paragraph) || typeof paragraph['context'] !== 'string') return []
    const { context } = paragraph
    return list(paragraph['qas']).flatMap((qa): readonly RawQuestion[] => {
      if (!isJsonObject(qa) || typeof qa['question'] !== 'string') return []
      return [questionOf(qa, { question: qa['question'], context, title })]
    })
  })
}

/** A question an object: `answers` holds lists of texts and of starts, or a list of objects. */
function flatQuestion(object: JsonObject): RawQuestion | undefined {
  const { question, context, answers, title } = object
  if (typeof question !== 'string' || typeof context !== 'string') return undefined
  if (!isJsonObject(answers) && !Array.isArray(answers)) return undefined
  return questionOf(object, { question, context, title })
}

function questionOf(
  qa: JsonObject,
  at: { readonly question: string; readonly context: string; readonly title: Json | undefined },
): RawQuestion {
  const { question, context, title } = at
  const { id, is_impossible: impossible } = qa
  const isNamed = typeof id === 'string' || typeof id === 'number'
  return {
    ...(isNamed && { name: String(id) }),
    question,
    context,
    group: typeof title === 'string' && title !== '' ? title : contextGroup(context),
    answers: answersOf(qa['answers']),
    ...(typeof impossible === 'boolean' && { isImpossible: impossible }),
    // The hub's SQuAD 2.0 marks an unanswerable question by empty lists alone.
    ...(isJsonObject(qa['answers']) && list(qa['answers']['text']).length === 0 && { isImpossible: true }),
  }
}

function answersOf(answers: Json | undefined): readonly RawAnswer[] {
  if (isJsonObject(answers)) {
    const starts = list(answers['answer_start'])
    return list(answers['text']).flatMap((text, at) => answerOf(text, starts[at]))
  }
  return list(answers).flatMap((answer) =>
    isJsonObject(answer) ? answerOf(answer['text'], answer['answer_start']) : [],
  )
}

function answerOf(text: Json | undefined, start: Json | undefined): readonly RawAnswer[] {
  return typeof text === 'string' && text !== ''
    ? [{ text, ...(typeof start === 'number' && { start }) }]
    : []
}

/** The row of a question: an example, or why it is none. */
export function questionRow(line: number, raw: RawQuestion, unit: OffsetUnit | undefined): Row {
  const common = { line, ...(raw.name !== undefined && { name: raw.name }) }
  const input = { kind: 'question', question: raw.question, context: raw.context } as const
  if (raw.question.trim() === '' || raw.context.trim() === '')
    return { kind: 'skipped', ...common, reason: 'no input' }
  const mended = [...(raw.mended ?? [])]
  const told = (): { readonly mended?: readonly string[] } => (mended.length > 0 ? { mended } : {})
  if (raw.isImpossible === true)
    return { kind: 'example', ...common, input, output: { kind: 'answer' }, group: raw.group, ...told() }
  const spans = raw.answers.flatMap((answer) => locateAnswer(raw.context, answer, { unit, mended }))
  const [span, ...others] = byVotes(spans)
  if (span === undefined)
    return {
      kind: 'skipped',
      ...common,
      reason: mended[0] === undefined ? 'no output' : 'no answer that stands in the context',
    }
  return {
    kind: 'example',
    ...common,
    input,
    output: { kind: 'answer', span, ...(others.length > 0 && { others }) },
    group: raw.group,
    ...told(),
  }
}

function locateAnswer(
  context: string,
  { text, start }: RawAnswer,
  reading: { readonly unit: OffsetUnit | undefined; readonly mended: string[] },
): readonly Span[] {
  for (const unit of reading.unit === undefined ? (['utf16', 'code-points'] as const) : [reading.unit]) {
    const at = unit === 'utf16' || start === undefined ? start : unitOffsets(context)[start]
    if (at !== undefined && at >= 0 && context.startsWith(text, at)) return [spanAt(at, text)]
  }
  const first = context.indexOf(text)
  const isOnce = first >= 0 && context.indexOf(text, first + 1) < 0
  const problem = first < 0 ? absent : start === undefined ? unplaced : ambiguous
  if (!isOnce) reading.mended.push(problem)
  else if (start !== undefined) reading.mended.push(moved)
  return isOnce ? [spanAt(first, text)] : []
}

function spanAt(start: number, text: string): Span {
  return { start, end: start + text.length, text }
}

/** Different answers, those that more people gave first, equals in the order of the file. */
function byVotes(spans: readonly Span[]): readonly Span[] {
  const votes = new Map<string, { readonly span: Span; count: number }>()
  for (const span of spans) {
    const key = `${span.start} ${span.end}`
    const known = votes.get(key)
    if (known === undefined) votes.set(key, { span, count: 1 })
    else known.count++
  }
  return [...votes.values()].sort((a, b) => b.count - a.count).map(({ span }) => span)
}

/** What the unit of offsets is told by. */
export function quotesOf({ context, answers }: RawQuestion): QuotedText {
  return { text: context, spans: answers.map(({ text, start = -1 }) => ({ start, quoted: text })) }
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

/**
 * Questions in columns or scalar members: `question`, `context`, `answer`, and, where there is one, where it begins. An
 * empty answer means that it is not in the context.
 */
import type { JsonObject } from '../base/json.ts'
import { saysNotThere } from '../task/question-answering/not-there-words.ts'
import { plainName } from './column-names.ts'
import { contextGroup } from './example-set.ts'
import { unitOf } from './locate-spans.ts'
import type { ObjectAt } from './objects.ts'
import type { SaidLayout } from './reader.ts'
import type { RowShape } from './row-shape.ts'
import { questionRow, quotesOf, type RawQuestion } from './squad.ts'

/** Share of the answers that must stand in their context for the columns to be taken for such. */
const fewestStanding = 0.5

const names = {
  question: ['question', 'query', '问题'],
  context: ['context', 'passage', 'paragraph', 'document', 'article', 'text', '文章', '上下文'],
  answer: ['answer', 'answer_text', 'answers', '答案'],
  start: ['answer_start', 'start', 'answer_offset', 'offset', 'start_offset'],
  impossible: ['is_impossible', 'impossible', 'unanswerable'],
  name: ['id', 'question_id', 'qid'],
  group: ['title', 'context_id', 'document_id', 'article_id'],
} as const satisfies { readonly [role: string]: readonly string[] }

const saidNotThere = 'an answer that says, in words, that it is not in the context: taken as not there'

export const questionColumnsShape: RowShape = Object.freeze({
  format: 'squad',
  yields: 'example',
  recognise: (first: readonly ObjectAt[], said: SaidLayout) => {
    const { input, output, group } = said.columns ?? {}
    // Who names an input and an output means labelled rows.
    if ((input !== undefined || output !== undefined) && said.format !== 'squad') return undefined
    const questions = first.map(({ value }) => questionIn(value, group))
    const known = questions.filter((question) => question !== undefined)
    if (known.length < first.length || !mostStand(known)) return undefined
    const unit = said.offsets ?? unitOf(known.map(quotesOf))
    return {
      score: 0.97,
      description: 'questions with an answer in a context, a question a row',
      rows: ({ line, value }: ObjectAt) => {
        const question = questionIn(value, group)
        return [
          question === undefined
            ? ({ kind: 'skipped', line, reason: 'no input' } as const)
            : questionRow(line, question, unit),
        ]
      },
    }
  },
})

function mostStand(questions: readonly RawQuestion[]): boolean {
  const answered = questions.filter(({ isImpossible }) => isImpossible !== true)
  const standing = answered.filter(({ context, answers }) => context.includes(answers[0]?.text ?? ''))
  return standing.length > 0 && standing.length >= fewestStanding * answered.length
}

function questionIn(object: JsonObject, groupColumn: string | undefined): RawQuestion | undefined {
  const members = new Map(Object.entries(object).map(([name, value]) => [plainName(name), value]))
  const textOf = (some: readonly string[]): string | undefined => {
    const value = some.map((name) => members.get(name)).find((found) => found !== undefined && found !== null)
    return typeof value === 'object' || value === undefined ? undefined : String(value)
  }
  const [question, context] = [textOf(names.question), textOf(names.context)]
  if (question === undefined || context === undefined) return undefined
  const answer = textOf(names.answer)?.trim() ?? ''
  const start = Number.parseInt(textOf(names.start) ?? '', 10)
  const isSaid = answer !== '' && !context.includes(answer) && saysNotThere(answer)
  const isImpossible = answer === '' || isSaid || /^(?:true|1|yes)$/i.test(textOf(names.impossible) ?? '')
  const [name, group] = [textOf(names.name), textOf(groupColumn ? [plainName(groupColumn)] : names.group)]
  return {
    ...(name !== undefined && { name }),
    question,
    context,
    group: group ?? contextGroup(context),
    answers: isImpossible ? [] : [{ text: answer, ...(start >= 0 && { start }) }],
    isImpossible,
    ...(isSaid && { mended: [saidNotThere] }),
  }
}

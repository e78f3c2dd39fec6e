/** Learns a task of questions from its calls: which slot holds the question, how answers are written, what each row says. */
import type { Refusal } from '../refusal.ts'
import type { PromptTemplate, TaskInput, TaskOutput } from '../types.ts'
import {
  type AnsweredQuestion,
  type LearnedAnswers,
  learnAnswers,
  quotedShare,
  standsIn,
} from './learn-answers.ts'
import { findQuestionSlot, questionInput, type SlottedAnswer, withQuestionSlot } from './question-slots.ts'

/** Calls that slots are told by. */
const sampleSize = 300
/** From this share on a slot's texts are taken for questions where nobody says that they are. */
const clearlyQuestions = 0.9

export interface LearnedQuestions extends Pick<LearnedAnswers, 'kind' | 'rendering' | 'notes'> {
  /** As it was learned, but that the slot of the question is named so. */
  readonly template: PromptTemplate
  /** Of each call, in step. */
  readonly rows: readonly { readonly input: TaskInput; readonly output: TaskOutput }[]
}

/** Learns from the calls that a template matches. */
export function learnQuestionCalls(
  calls: readonly SlottedAnswer[],
  template: PromptTemplate,
): LearnedQuestions | Refusal {
  const { name } = findQuestionSlot(calls.slice(0, sampleSize), template, standsIn)!
  const asked = withQuestionSlot(template, name)
  const questions = questionsOf(calls, asked)
  const answers = learnAnswers(questions)
  if (answers.kind === 'refusal') return answers
  const { kind, rendering, notes, outputs } = answers
  const rows = questions.map(({ input }, row) => ({ input, output: outputs[row]! }))
  return { kind, rendering, notes, template: asked.template, rows }
}

/**
 * 0..1: share of the answers that quote their context or say "not there", where one slot clearly holds questions and
 * there are others; else 0. Labels that a prompt lists stand in it too: a context that is the same in all calls must be said.
 */
export function questionShare(calls: readonly SlottedAnswer[], template: PromptTemplate): number {
  if (template.messages.flatMap(({ slots }) => slots).length < 2) return 0
  const some = calls.slice(0, sampleSize)
  const slot = findQuestionSlot(some, template, standsIn)
  if (slot === undefined || slot.evidence < clearlyQuestions) return 0
  return quotedShare(questionsOf(some, withQuestionSlot(template, slot.name)))
}

function questionsOf(
  calls: readonly SlottedAnswer[],
  { template, rename }: ReturnType<typeof withQuestionSlot>,
): readonly AnsweredQuestion[] {
  return calls.map(({ slots, answer }) => ({ input: questionInput(template, rename(slots)), answer }))
}

// How the answers of rows held aside turn out: what judges later answers is fitted on them, and they are judged
// themselves, each half by what the other half says.
import { answerF1, type QuestionAnswer, sameAnswer } from '../../../task/question-answering/answer-text.ts'
import type { HeldAside } from '../../tier.ts'
import { type UsualSigns, usualSigns } from '../usual.ts'
import { fitJudge, type JudgedSigns, type JudgeWeights } from './answer-judge.ts'
import type { PairAnswer } from './answer-pairs.ts'
import { answerPrediction } from './answer-prediction.ts'
import type { QuestionRow } from './question-rows.ts'

export interface JudgedAnswers {
  /** Of all rows, for answers to come. */
  readonly judge: JudgeWeights
  readonly usual: UsualSigns
  readonly heldAside: readonly HeldAside[]
  /** Mean F1 of what is said, "not there" right where it is not; 0..1. */
  readonly f1: number
}

/** What is known of a row. */
export type AnsweredRow = Pick<QuestionRow, 'example' | 'answer'>

/** Judges the answer to each row. */
export function judgeAnswers(rows: readonly AnsweredRow[], answers: readonly PairAnswer[]): JudgedAnswers {
  const { all, halves } = judgesOf(judgedSigns(rows, answers))
  const usual = usualSigns(answers.flatMap(({ novelty: own }) => (own ? [own] : [])))
  const said = answers.map((own, i) => {
    const { example, answer } = rows[i]!
    const { output, ...rest } = answerPrediction(own, { judge: halves[i % 2]!, usual })
    const given: QuestionAnswer = output.kind === 'answer' ? output : { kind: 'answer' }
    const heldAside = { example, ...rest, correct: output.kind === 'answer' && sameAnswer(output, answer) }
    return { heldAside, f1: answerF1(given, answer) }
  })
  return {
    judge: all,
    usual,
    heldAside: said.map(({ heldAside }) => heldAside),
    f1: said.reduce((sum, { f1 }) => sum + f1, 0) / Math.max(1, said.length),
  }
}

/** A right answer shares at least half with what was wanted: small differences of where it ends are not counted. */
const rightFrom = 0.5

function judgedSigns(
  rows: readonly AnsweredRow[],
  answers: readonly PairAnswer[],
): readonly (JudgedSigns | undefined)[] {
  return answers.map(({ found }, i) => {
    const { answer } = rows[i]!
    if (!found) return undefined
    const said = { kind: 'answer', span: found.span } as const
    return {
      signs: found.signs,
      there: answer.span !== undefined,
      right: answer.span !== undefined && answerF1(said, answer) >= rightFrom,
    }
  })
}

/** Each half of the rows is judged by what the other half says, and what is new by all. */
function judgesOf(signs: readonly (JudgedSigns | undefined)[]): {
  readonly all: JudgeWeights
  readonly halves: readonly [JudgeWeights, JudgeWeights]
} {
  const judgeOf = (keeps: (row: number) => boolean): JudgeWeights =>
    fitJudge(signs.filter((own, row) => own !== undefined && keeps(row)).map((own) => own!))
  return {
    all: judgeOf(() => true),
    halves: [judgeOf((row) => row % 2 === 1), judgeOf((row) => row % 2 === 0)],
  }
}

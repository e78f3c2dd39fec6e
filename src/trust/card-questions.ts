/** What a card says of answers to questions: exact match, F1, and how well "not there" is told. */
import type { Estimate } from '../stats/interval.ts'
import type { Card } from './card-schema.ts'

type ContenderName = NonNullable<Card['comparison']>['contenders'][number]['name']

/** Sentences with the scores; none for cards of other kinds. */
export function questionScores(
  { evaluation, comparison }: Card,
  names: { readonly [Name in ContenderName]: string },
): readonly string[] {
  const scores = evaluation.questionAnswering
  if (scores === undefined) return []
  const { f1, there, notThere, rowsWithoutQuote } = scores
  const plain = (comparison?.contenders ?? []).flatMap(({ name, f1: theirs }) =>
    theirs === undefined ? [] : [`${names[name]}: ${estimate(theirs)}`],
  )
  return [
    `An answer counts as right where it is, but for case, punctuation and articles, one of the right ones (SQuAD's exact match). F1 of the words shared with the right answer ${estimate(f1)}.`,
    ...(plain.length > 0 ? [`F1 of ${plain.join('; ')}.`] : []),
    ...(there && notThere
      ? [
          `Of the ${number(there.rows)} questions whose answer is there: exact match ${estimate(there.exactMatch)}, F1 ${estimate(there.f1)}.`,
        ]
      : []),
    ...(notThere
      ? [
          `Of the ${number(notThere.rows)} whose answer is not there, it says so for ${estimate(notThere.accuracy)}${notThere.auroc ? `; AUROC of "not there" ${notThere.auroc.value.toFixed(3)} [${notThere.auroc.low.toFixed(3)}, ${notThere.auroc.high.toFixed(3)}]` : ''}.`,
        ]
      : [
          'All questions have their answer in the text: how well it would tell that one is not there is not known.',
        ]),
    ...(rowsWithoutQuote > 0
      ? [
          `${number(rowsWithoutQuote)} rows whose right answer is no quote of the text are wrong as answers and in no F1.`,
        ]
      : []),
  ]
}

function estimate({ value, low, high }: Estimate): string {
  return `${percent(value)} [${percent(low)}, ${percent(high)}]`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

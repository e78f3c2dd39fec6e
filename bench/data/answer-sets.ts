/** The sets that question answering is measured on, split by article: the last ones by title are the test part. */
import type { Span } from '../../src/task/types.ts'
import { readText } from './entity-sets.ts'

/** A question about a text; no answers: it is not in the text. */
export interface AnswerRow {
  readonly article: string
  readonly question: string
  readonly context: string
  readonly answers: readonly Span[]
}

/** A set's rows in two parts, and the rows left out because their answers do not stand where the file says. */
export interface AnswerSet {
  readonly train: readonly AnswerRow[]
  readonly test: readonly AnswerRow[]
  readonly repaired: number
  readonly dropped: number
  readonly file: string
}

const answerSources = {
  squad2_cs224n: { file: 'squad2_cs224n/dev-v2.0.json', testArticles: (count: number) => Math.min(4, count) },
  cmrc2018: { file: 'cmrc2018/cmrc2018_dev.json', testArticles: (count: number) => Math.ceil(count / 5) },
} as const

export type AnswerSetName = keyof typeof answerSources

interface SquadFile {
  readonly data: readonly {
    readonly title: string
    readonly paragraphs: readonly {
      readonly context: string
      readonly qas: readonly {
        readonly question: string
        readonly answers: readonly { readonly text: string; readonly answer_start: number }[]
      }[]
    }[]
  }[]
}

/** Reads a set in SQuAD's form. */
export function readAnswerSet(name: AnswerSetName): AnswerSet {
  const { file, testArticles } = answerSources[name]
  const { data }: SquadFile = JSON.parse(readText(file))
  const titles = [...new Set(data.map(({ title }) => title))].sort()
  const held = new Set(titles.slice(titles.length - testArticles(titles.length)))
  const counts = { repaired: 0, dropped: 0 }
  const rows = data.flatMap(({ title, paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.flatMap(({ question, answers }): readonly AnswerRow[] => {
        const located = answers.map((answer) => locate(context, answer, counts))
        const spans = located.filter((span) => span !== undefined)
        if (answers.length > 0 && spans.length === 0) {
          counts.dropped++
          return []
        }
        return [{ article: title, question, context, answers: spans }]
      }),
    ),
  )
  const train = rows.filter(({ article }) => !held.has(article))
  return { train, test: rows.filter(({ article }) => held.has(article)), ...counts, file }
}

/** Where an answer stands: where it says, else at its only place in the text. */
function locate(
  context: string,
  answer: { readonly text: string; readonly answer_start: number },
  counts: { repaired: number },
): Span | undefined {
  const { text, answer_start: said } = answer
  const at = (start: number): Span => ({ start, end: start + text.length, text })
  if (context.startsWith(text, said)) return at(said)
  const first = context.indexOf(text)
  if (first < 0 || context.indexOf(text, first + 1) >= 0) return undefined
  counts.repaired++
  return at(first)
}

/**
 * A tier of question answering for tests: learns by which word before them answers stand, for each way of asking (a
 * question without its names and numbers), and quotes what follows that word. No model, no randomness.
 */
import { throwIfCancelled } from '../../src/base/errors.ts'
import type { Example } from '../../src/data/example.ts'
import { sameOutput } from '../../src/eval/judge.ts'
import type { TaskInput, TaskOutput } from '../../src/task/types.ts'
import type { HeldAside, RawPrediction, Tier } from '../../src/tier/tier.ts'

type Question = Extract<TaskInput, { kind: 'question' }>

/** What was learned of one way of asking. */
interface Way {
  /** The word before the answers. */
  readonly cue: string
  /** Words of the longest answer. */
  readonly words: number
  /** 0..1, share of the rows held aside that it answers rightly. */
  readonly right: number
}

const file = 'ways.json'
const leastHeldAside = 5

/** The tier; it calls itself micro. */
export function questionTier(): Tier {
  return {
    kind: 'micro',
    can: { train: ['question-answering'], export: [] },
    async train(_, { examples }, { signal, progress }) {
      progress?.({ stage: 'training', done: 0, total: examples.length })
      await new Promise((next) => setImmediate(next))
      throwIfCancelled(signal, 'training')
      const isAside = (row: number): boolean => row % leastHeldAside === 0
      const ways = learn(examples.filter((_row, at) => !isAside(at)))
      const aside = examples.filter((_row, at) => isAside(at))
      const judged = withShares(ways, aside)
      progress?.({ stage: 'training', done: examples.length, total: examples.length })
      return {
        tier: 'micro',
        taskKind: 'question-answering',
        files: new Map([[file, new TextEncoder().encode(JSON.stringify([...judged]))]]),
        meta: { ways: judged.size },
        heldAside: aside.map((example): HeldAside => {
          const said = answer(judged, example.input as Question)
          const { score, noveltyScore } = said
          return {
            example: example.id,
            score,
            noveltyScore,
            correct: sameOutput(said.output, example.output),
          }
        }),
      }
    },
    async load({ files }) {
      const ways = new Map<string, Way>(JSON.parse(new TextDecoder().decode(files.get(file))))
      return {
        predict: async (inputs) => inputs.map((input) => answer(ways, input as Question)),
        sizeBytes: files.get(file)!.byteLength,
        dispose: async () => {},
      }
    },
  }
}

/** How something is asked: its words without names and numbers. */
function wayOf(question: string): string {
  const words = question.match(/[\p{L}\p{N}]+/gu) ?? []
  return words
    .filter((word, at) => !/\p{N}/u.test(word) && (at === 0 || !/^\p{Lu}/u.test(word)))
    .join(' ')
    .toLowerCase()
}

function learn(examples: readonly Example[]): ReadonlyMap<string, Way> {
  const cues = new Map<string, Map<string, number>>()
  const longest = new Map<string, number>()
  for (const { input, output } of examples) {
    if (input.kind !== 'question' || output.kind !== 'answer' || output.span === undefined) continue
    const way = wayOf(input.question)
    const cue = /(\S+)\s+$/.exec(input.context.slice(0, output.span.start))?.[1]
    const counts = cues.get(way) ?? new Map<string, number>()
    cues.set(way, counts)
    if (cue !== undefined) counts.set(cue, (counts.get(cue) ?? 0) + 1)
    longest.set(way, Math.max(longest.get(way) ?? 1, output.span.text.split(/\s+/).length))
  }
  return new Map(
    [...cues].flatMap(([way, counts]): [string, Way][] => {
      const [most] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      return most === undefined ? [] : [[way, { cue: most[0], words: longest.get(way)!, right: 0.5 }]]
    }),
  )
}

function withShares(ways: ReadonlyMap<string, Way>, aside: readonly Example[]): ReadonlyMap<string, Way> {
  return new Map(
    [...ways].map(([way, learned]) => {
      const asked = aside.filter(({ input }) => wayOf((input as Question).question) === way)
      const right = asked.filter(({ input, output }) =>
        sameOutput(answer(ways, input as Question).output, output),
      )
      return [way, { ...learned, right: (right.length + 1) / (asked.length + 2) }]
    }),
  )
}

function answer(ways: ReadonlyMap<string, Way>, { question, context }: Question): RawPrediction {
  const way = ways.get(wayOf(question))
  const said: TaskOutput = { kind: 'answer' }
  if (way === undefined) return { output: said, score: 0.01, noveltyScore: 1 }
  const cue = context.search(new RegExp(`(?<=^|\\s)${escaped(way.cue)}\\s`))
  const start = cue < 0 ? -1 : cue + way.cue.length + 1
  const found = new RegExp(`[^\\s.,;!?]+(?: [^\\s.,;!?]+){0,${way.words - 1}}`).exec(context.slice(start))
  const score = way.right
  if (start < 0 || found?.index !== 0) return { output: said, score: score * 0.99, noveltyScore: 0 }
  const span = { start, end: start + found[0].length, text: found[0] }
  return { output: { kind: 'answer', span }, score, noveltyScore: 0 }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

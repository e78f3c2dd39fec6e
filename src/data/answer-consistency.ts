/** How far answers to the same input agree with each other: what no model trained on them can exceed. */
import type { Random } from '../base/random.ts'
import { bootstrapInterval } from '../stats/bootstrap.ts'
import type { Estimate } from '../stats/interval.ts'
import { duplicateKey } from './duplicate-key.ts'
import type { Example } from './example.ts'
import { outputText } from './example-set.ts'

export interface AnswerConsistency {
  /** Inputs that were answered more than once, and their answers. */
  readonly inputs: number
  readonly answers: number
  /** Chance that two answers to one input are the same, with its 95% interval over inputs. */
  readonly agreement: Estimate
  /**
   * The share of answers that any fixed answer to each input can agree with is at most this. With answer probabilities
   * p of an input, agreement is the mean of Σp² and the best fixed answer meets max p ≤ √Σp²; by Jensen's inequality
   * the mean of the roots is at most the root of the mean.
   */
  readonly ceiling: Estimate
}

/** More would change the estimate by less than a tenth of a point. */
const mostGroups = 20_000
const rounds = 300

interface Group {
  readonly answers: number
  /** Share of the pairs of answers that are the same, an unbiased estimate of Σp². */
  readonly agreement: number
}

/** Looks at inputs with several answers; `undefined` where there is none. Rows must not have been thinned of repeats. */
export function answerConsistency(
  examples: readonly Pick<Example, 'input' | 'output'>[],
  { random }: { readonly random: Random },
): AnswerConsistency | undefined {
  const groups = groupsOf(examples).slice(0, mostGroups)
  if (groups.length === 0) return undefined
  const answers = groups.reduce((sum, group) => sum + group.answers, 0)
  const meanOf = (rows: Iterable<number>): number => {
    let [sum, weight] = [0, 0]
    for (const row of rows) {
      sum += groups[row]!.agreement * groups[row]!.answers
      weight += groups[row]!.answers
    }
    return sum / weight
  }
  const { low, high } = bootstrapInterval(groups.length, meanOf, { random, rounds })
  const agreement = { value: meanOf(groups.keys()), low, high }
  return {
    inputs: groups.length,
    answers,
    agreement,
    ceiling: { value: Math.sqrt(agreement.value), low: Math.sqrt(low), high: Math.sqrt(high) },
  }
}

function groupsOf(examples: readonly Pick<Example, 'input' | 'output'>[]): readonly Group[] {
  const counts = new Map<string, Map<string, number>>()
  for (const { input, output } of examples) {
    const { high, low } = duplicateKey(input)
    const key = `${high} ${low}`
    const outputs = counts.get(key) ?? new Map<string, number>()
    counts.set(key, outputs)
    const text = outputText(output)
    outputs.set(text, (outputs.get(text) ?? 0) + 1)
  }
  return [...counts.values()].flatMap((outputs) => {
    const answers = [...outputs.values()].reduce((sum, count) => sum + count, 0)
    if (answers < 2) return []
    const same = [...outputs.values()].reduce((sum, count) => sum + count * (count - 1), 0)
    return [{ answers, agreement: same / (answers * (answers - 1)) }]
  })
}

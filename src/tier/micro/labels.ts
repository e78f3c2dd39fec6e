// The labels of a task as targets to train to and back.
import { appError, assert } from '../../base/errors.ts'
import type { Example } from '../../data/example.ts'
import type { Task, TaskOutput } from '../../task/types.ts'

/** The labels of a task, and whether a text has any number of them or one. */
export interface LabelSpace {
  readonly labels: readonly string[]
  readonly multiple: boolean
}

/** The space of a task of classification; throws `usage.invalid` for another kind. */
export function labelSpaceOf({ kind, space }: Task): LabelSpace {
  if (kind === 'classification' && space.kind === 'labels') {
    return { labels: space.labels, multiple: space.multiple }
  }
  throw appError('usage.invalid', {
    problem: `The micro tier trains classification, not ${kind}`,
    hint: 'Choose another tier with --tier.',
  })
}

/** Target probabilities [rows, labels]: the teacher's where an example has them, else 1 for its labels. */
export function targetsOf(examples: readonly Example[], { labels }: LabelSpace): Float32Array {
  const numbers = new Map(labels.map((label, index) => [label, index]))
  const targets = new Float32Array(examples.length * labels.length)
  examples.forEach(({ output, soft }, row) => {
    const part = targets.subarray(row * labels.length, (row + 1) * labels.length)
    if (soft) {
      soft.labels.forEach((label, i) => {
        const at = numbers.get(label)
        if (at !== undefined) part[at] = soft.probabilities[i]!
      })
      return
    }
    assert(output.kind === 'labels', `an example of a classification has an output of kind ${output.kind}`)
    for (const label of output.labels) {
      const at = numbers.get(label)
      assert(at !== undefined, `the label "${label}" is not in the task's output space`)
      part[at] = 1
    }
  })
  return targets
}

/** A class number of each row for folds and class means: of its one label, or of its set of labels. */
export function classesOf(examples: readonly Example[], space: LabelSpace): Int32Array {
  const numbers = new Map<string, number>()
  if (!space.multiple) for (const [index, label] of space.labels.entries()) numbers.set(keyOf([label]), index)
  return Int32Array.from(examples, ({ output }) => {
    const key = output.kind === 'labels' ? keyOf(output.labels) : ''
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  })
}

const keyOf = (labels: readonly string[]): string => JSON.stringify([...labels].sort())

/** An answer from probabilities, and the probability that it is right as a whole. */
export interface Answer {
  readonly output: Extract<TaskOutput, { kind: 'labels' }>
  readonly score: number
  readonly probabilities: Float32Array
}

/** The answer that logits [labels] say: the most probable label, or all that are more likely than not. */
export function answerOf(logits: Float32Array, { labels, multiple }: LabelSpace): Answer {
  if (multiple) {
    const probabilities = logits.map((logit) => 1 / (1 + Math.exp(-logit)))
    const chosen = labels.filter((_, i) => probabilities[i]! >= 0.5)
    const score = probabilities.reduce((product, p) => product * Math.max(p, 1 - p), 1)
    return { output: { kind: 'labels', labels: chosen }, score, probabilities }
  }
  const most = logits.reduce((best, logit) => Math.max(best, logit), Number.NEGATIVE_INFINITY)
  const exponentials = logits.map((logit) => Math.exp(logit - most))
  const sum = exponentials.reduce((total, x) => total + x, 0)
  const probabilities = exponentials.map((x) => x / sum)
  const answer = logits.indexOf(most)
  return {
    output: { kind: 'labels', labels: [labels[answer]!] },
    score: probabilities[answer]!,
    probabilities,
  }
}

/** True where an answer says the labels of an output, in any order. */
export function saysSame(answer: Answer, output: TaskOutput): boolean {
  return output.kind === 'labels' && keyOf(answer.output.labels) === keyOf(output.labels)
}

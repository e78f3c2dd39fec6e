/** A few rows of each label, drawn by chance: for trying how far so many get. */
import { seededRandom } from '../base/random.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleSet, outputText } from '../data/example-set.ts'

/** At most `shots` rows of each output of a set; of outputs that are no labels `shots` in all. */
export function fewRows(
  set: ExampleSet,
  { shots, seed }: { readonly shots: number; readonly seed: number },
): ExampleSet {
  const numbers = [...set.examples.keys()]
  seededRandom(seed).fork('shots').shuffle(numbers)
  const taken = new Map<string, number>()
  const kept = new Set<number>()
  for (const number of numbers) {
    const name = nameOf(set.examples[number]!)
    const count = taken.get(name) ?? 0
    if (count < shots) kept.add(number)
    taken.set(name, count + 1)
  }
  return exampleSet(set.examples.filter((_, at) => kept.has(at)))
}

function nameOf({ output }: Example): string {
  return output.kind === 'labels' ? outputText(output) : ''
}

/** The labelled sets that certificates are measured on, as examples. */
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'
import { type Row, readSet } from './data/labelled-sets.ts'

export type SetName = 'banking77' | 'clinc150' | 'ag_news' | 'dair_emotion'

export interface LabelledSet {
  readonly train: readonly Example[]
  readonly test: readonly Example[]
  /** SHA-256 of each file, by its path in the data folder. */
  readonly digests: { readonly [file: string]: string }
}

/** Reads a set; rows of the training file that stand in the test file too are left out. */
export function loadSet(name: SetName): LabelledSet {
  const { train, test, digests } = readSet(name)
  const asked = test.map(exampleOf)
  const known = new Set(asked.map((example) => example.id))
  return {
    train: train.map(exampleOf).filter((example) => !known.has(example.id)),
    test: asked,
    digests,
  }
}

/** A row as an example of a labelled data set. */
export function exampleOf([text, label]: Row): Example {
  const input = { kind: 'text', text } as const
  const output = { kind: 'labels', labels: [label] } as const
  return { id: exampleId(input), input, output, source: 'gold', weight: 1 }
}

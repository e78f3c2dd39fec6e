/** Classification: an output is one label of a closed set. The set is what the answers showed often enough. */

import { type AlikeLabels, ambiguousLabels, mergeLabels } from './alike-labels.ts'
import type { Refusal } from './refusal.ts'
import { countTexts, mostSeen } from './tally.ts'

/** A closed set has at most this many labels, each seen this often, that together are this share of the calls. */
export const closedSet = Object.freeze({ mostLabels: 200, fewestPerLabel: 5, share: 0.98 })

/** Where a person said that the task is classification, a label needs a row to train on and one to check. */
const fewestPerLabelSaid = 2

/** The labels of a task, sorted, and what each label that was seen is counted as. */
export interface LabelSpace {
  readonly kind: 'learned'
  readonly labels: readonly string[]
  /** The label of the space for each that was seen; rare ones are not in it. */
  readonly canonical: ReadonlyMap<string, string>
  readonly merged: readonly AlikeLabels[]
}

export interface LabelSpaceOptions {
  /** A person said that the task is classification: rarer labels are kept, and any number of them. */
  readonly isSaid: boolean
  /** Labels in the order that the request lists them, where it does; these are never merged. */
  readonly listed?: readonly string[]
}

/** The label space of labels as they were seen, one a call; refuses where fewer than two are left. */
export function learnLabelSpace(seen: readonly string[], options: LabelSpaceOptions): LabelSpace | Refusal {
  const counts = countTexts(seen)
  const listed = new Set(options.listed)
  const merged = ambiguousLabels(new Map([...counts].filter(([label]) => !listed.has(label))))
  const keptFor = mergeLabels(merged)
  const totals = countTexts(seen.map((label) => keptFor.get(label) ?? label))
  const fewest = options.isSaid ? fewestPerLabelSaid : closedSet.fewestPerLabel
  const labels = [...totals.keys()].filter((label) => totals.get(label)! >= fewest)
  if (labels.length < 2) return tooRare(seen, fewest, labels.length)
  const isIn = new Set(labels)
  const canonical = [...counts.keys()]
    .map((label) => [label, keptFor.get(label) ?? label] as const)
    .filter(([, kept]) => isIn.has(kept))
  return { kind: 'learned', labels: inOrder(labels, options.listed), canonical: new Map(canonical), merged }
}

/** In the order of the list where it has all of them, else by code unit, so that the order says nothing of counts. */
function inOrder(labels: readonly string[], listed: readonly string[] | undefined): readonly string[] {
  const place = new Map(listed?.map((label, index) => [label, index]))
  if (labels.some((label) => !place.has(label))) return labels.toSorted()
  return labels.toSorted((a, b) => place.get(a)! - place.get(b)!)
}

function tooRare(seen: readonly string[], fewest: number, labels: number): Refusal {
  return {
    kind: 'refusal',
    reason: 'too-few-calls',
    message: `Of ${seen.length} answers, ${labels === 0 ? 'no label was' : 'only one label was'} given at least ${fewest} times; a classification needs two such labels. Let more calls of this task pass, or import some.`,
    seen: mostSeen(seen),
  }
}

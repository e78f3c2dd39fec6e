// Rows held aside inside the training part: where to stop, how to mix the heads, what confidences to expect.
import type { Random } from '../../base/random.ts'

/** Row numbers to learn from and to check on. */
export interface Fold {
  readonly learn: Int32Array
  readonly check: Int32Array
}

const foldsOfFewRows = 4
const fewRows = 3000
const checkShare = 0.15
const mostCheckRows = 6000

/** What folds are made of, by row. */
export interface FoldRows {
  readonly classes: Int32Array
  /** Rows with the same number stay together. */
  readonly groups: Int32Array
  /** 1 for rows that are part of a longer one: whole texts are what will be asked about, so these are not checked on. */
  readonly contained: Uint8Array
  /** How many rows are only ever learned from: they say nothing about how many there are to check on; absent: none. */
  readonly onlyLearned?: number
}

/**
 * Four folds where rows are few, so that each is checked once; one fold of 15% where they are many.
 * Rows of one group stay together; every class is spread over the folds.
 */
export function innerFolds(
  { classes, groups, contained, onlyLearned = 0 }: FoldRows,
  random: Random,
): readonly Fold[] {
  const few = classes.length - onlyLearned < fewRows
  const share = few ? 1 / foldsOfFewRows : Math.min(checkShare, mostCheckRows / classes.length)
  const position = spreadPositions(classes, groups, random)
  return Array.from({ length: few ? foldsOfFewRows : 1 }, (_, fold) => {
    const inside = (row: number): boolean =>
      position[row]! >= fold * share && position[row]! < (fold + 1) * share
    const rows = Int32Array.from(classes.keys())
    return {
      learn: rows.filter((row) => !inside(row)),
      check: rows.filter((row) => inside(row) && contained[row] === 0),
    }
  })
}

/** A number in 0..1 for each row, the same within a group, evenly spread within a class. */
function spreadPositions(classes: Int32Array, groups: Int32Array, random: Random): Float64Array {
  const firstOfGroup = new Map<number, number>()
  const heads: number[] = []
  classes.forEach((_, row) => {
    if (firstOfGroup.has(groups[row]!)) return
    firstOfGroup.set(groups[row]!, row)
    heads.push(row)
  })
  random.shuffle(heads)
  const byClass = new Map<number, number[]>()
  for (const row of heads) {
    const members = byClass.get(classes[row]!)
    if (members) members.push(row)
    else byClass.set(classes[row]!, [row])
  }
  const positions = new Float64Array(classes.length)
  for (const members of byClass.values()) {
    const offset = random.next()
    members.forEach((row, index) => {
      positions[row] = ((index + offset) / members.length) % 1
    })
  }
  for (const row of classes.keys()) positions[row] = positions[firstOfGroup.get(groups[row]!)!]!
  return positions
}

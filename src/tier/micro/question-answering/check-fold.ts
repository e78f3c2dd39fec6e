// Rows held aside: whole groups of them, so that no text is both learnt from and checked on.
import type { Random } from '../../../base/random.ts'
import { type Fold, innerFolds } from '../../nano/folds.ts'

/** Rows held aside at most; further ones would be missed more in training. */
const mostCheckRows = 500

/** Numbers of groups by their names. */
export function groupsOf(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(names, (name) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
}

/** One part of the rows to check on, whole groups of them, and no more than are needed. */
export function checkFold(
  { classes, groups }: { readonly classes: Int32Array; readonly groups: Int32Array },
  random: Random,
): Fold {
  const folds = innerFolds({ classes, groups, contained: new Uint8Array(classes.length) }, random)
  const fold = folds.find(({ learn, check }) => learn.length > 0 && check.length > 0) ?? folds[0]!
  const kept = new Set<number>()
  let count = 0
  for (const group of random.shuffle([...new Set(fold.check.map((row) => groups[row]!))])) {
    const own = fold.check.filter((row) => groups[row] === group).length
    if (count > 0 && count + own > mostCheckRows) continue
    kept.add(group)
    count += own
  }
  const isChecked = (row: number): boolean => kept.has(groups[row]!)
  const more = fold.check.filter((row) => !isChecked(row))
  return { learn: Int32Array.from([...fold.learn, ...more]).sort(), check: fold.check.filter(isChecked) }
}

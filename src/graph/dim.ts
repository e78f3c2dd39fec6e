/**
 * Named axes: an axis has a size known when the graph is built, or a name bound to a size when it runs.
 * A product of axes is written `batch*time`, in a normal form, so that reshaping is checked exactly.
 */
import { assert } from '../base/errors.ts'

/** Size of an axis, or its name: `384`, `time`, `batch*time`. */
export type Dim = number | string

/** Axes of a tensor, outermost first. */
export type Shape = readonly Dim[]

/** Sizes of named axes in one run. */
export type AxisSizes = { readonly [name: string]: number }

/** Product of axes in normal form: `product('time', 'batch')` and `product('batch', 'time')` are both `batch*time`. */
export function product(...dims: Shape): Dim {
  let size = 1
  const names: string[] = []
  for (const part of dims.flatMap((dim): Shape => (typeof dim === 'number' ? [dim] : dim.split('*')))) {
    const number = typeof part === 'number' ? part : Number(part)
    if (Number.isNaN(number)) names.push(String(part))
    else size *= number
  }
  if (names.length === 0) return size
  names.sort()
  return (size === 1 ? names : [size, ...names]).join('*')
}

/** Names that a size is made of: `batch*time` is made of `batch` and `time`. */
export function axisNames(dim: Dim): readonly string[] {
  if (typeof dim === 'number') return []
  return dim.split('*').filter((part) => Number.isNaN(Number(part)))
}

/** A size in numbers, under the sizes of one run. */
export function dimSize(dim: Dim, sizes: AxisSizes): number {
  if (typeof dim === 'number') return dim
  return dim.split('*').reduce((total, part) => {
    const size = Number.isNaN(Number(part)) ? sizes[part] : Number(part)
    assert(size !== undefined, `the axis ${part} has no size in this run`)
    return total * size
  }, 1)
}

/** A shape as a reader writes it: `[batch, time, 384]`. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** True where both have the same axes in the same order. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

/** Shape of an elementwise result (NumPy's broadcasting): axes are aligned at the end, 1 stretches to any size. */
export function broadcastShapes(what: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1
    const right = b[b.length - rank + i] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    return assertSame(what, `axis ${i} of ${shapeText(a)} and ${shapeText(b)}`, left, right)
  })
}

/** The size both have, or the error that names the axis: `matmul: inner axis: 128 ≠ 64`. */
export function assertSame(what: string, axis: string, left: Dim, right: Dim): Dim {
  assert(left === right, `${what}: ${axis}: ${left} ≠ ${right}`)
  return left
}

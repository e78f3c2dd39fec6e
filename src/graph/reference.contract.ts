/** What each operation computes, written out in plain double precision: the reference that lowered graphs are tested against. */
import { assert } from '../base/errors.ts'
import { type AxisSizes, dimSize, type Shape } from './dim.ts'
import type { Node, OpName, OpOf, Value } from './value.ts'

/** A tensor in double precision, row after row; booleans are 0 and 1. */
export interface Reference {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

/** Values of inputs and parameters by name, and sizes of named axes. */
export interface ReferenceFeeds {
  readonly tensors: { readonly [name: string]: Reference }
  readonly sizes: AxisSizes
}

type Rules = {
  readonly [K in OpName]: (
    op: OpOf<K>,
    inputs: readonly Reference[],
    feeds: ReferenceFeeds,
  ) => readonly Reference[]
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1)
const numbers = (shape: Shape, { sizes }: ReferenceFeeds): number[] => shape.map((dim) => dimSize(dim, sizes))

/** The place along each axis of an element. */
function placeOf(index: number, shape: readonly number[]): number[] {
  const place = shape.map(() => 0)
  let rest = index
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place[axis] = rest % shape[axis]!
    rest = Math.floor(rest / shape[axis]!)
  }
  return place
}

/** Element at a place; axes of size 1 are repeated, leading ones ignored. */
function at(x: Reference, place: readonly number[]): number {
  const offset = place.length - x.shape.length
  const index = x.shape.reduce((sum, dim, axis) => sum * dim + (dim === 1 ? 0 : place[axis + offset]!), 0)
  return x.data[index]!
}

function filled(shape: readonly number[], element: (place: readonly number[]) => number): Reference {
  const data = Array.from({ length: sizeOf(shape) }, (_, i) => element(placeOf(i, shape)))
  return { shape, data }
}

function broadcastShape(...parts: readonly Reference[]): number[] {
  const rank = Math.max(...parts.map(({ shape }) => shape.length))
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...parts.map(({ shape }) => shape[i - rank + shape.length] ?? 1)),
  )
}

const unary =
  (of: (x: number) => number) =>
  (_: unknown, [x]: readonly Reference[]): readonly Reference[] => [
    { shape: x!.shape, data: x!.data.map(of) },
  ]

const binary =
  (of: (a: number, b: number) => number) =>
  (_: unknown, [a, b]: readonly Reference[]): readonly Reference[] => [
    filled(broadcastShape(a!, b!), (place) => of(at(a!, place), at(b!, place))),
  ]

const reduction =
  (of: (group: readonly number[]) => number) =>
  (op: OpOf<'reduceSum' | 'reduceMean' | 'reduceMax'>, [x]: readonly Reference[]): readonly Reference[] => {
    const kept = x!.shape.map((dim, axis) => (op.axes.includes(axis) ? 1 : dim))
    const groups = Array.from({ length: sizeOf(kept) }, (): number[] => [])
    x!.data.forEach((element, i) => {
      const place = placeOf(i, x!.shape)
      const group = kept.reduce((sum, dim, axis) => sum * dim + (dim === 1 ? 0 : place[axis]!), 0)
      groups[group]!.push(element)
    })
    const shape = op.keep ? kept : x!.shape.filter((_, axis) => !op.axes.includes(axis))
    return [{ shape, data: groups.map(of) }]
  }

const sum = (group: readonly number[]): number => group.reduce((total, next) => total + next, 0)
const mean = (group: readonly number[]): number => sum(group) / group.length

/** erf by its Taylor series, enough for |x| < 4 in double precision. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x)
  let term = x
  let total = x
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n
    total += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}

/** Rows along the last axis, each made into one of the same length. */
function rowwise(x: Reference, of: (row: readonly number[]) => readonly number[]): Reference {
  const width = x.shape.at(-1)!
  const rows = Array.from({ length: x.data.length / width }, (_, i) =>
    x.data.slice(i * width, (i + 1) * width),
  )
  return { shape: x.shape, data: rows.flatMap(of) }
}

const softmaxRow = (row: readonly number[]): readonly number[] => {
  const raised = row.map((x) => Math.exp(x - Math.max(...row)))
  return raised.map((x) => x / sum(raised))
}

function turned(x: Reference, permutation: readonly number[]): Reference {
  const shape = permutation.map((axis) => x.shape[axis]!)
  return filled(shape, (place) =>
    at(
      x,
      permutation.map((_, axis) => place[permutation.indexOf(axis)]!),
    ),
  )
}

function swapped(x: Reference): Reference {
  const last = x.shape.length - 1
  return turned(
    x,
    x.shape.map((_, axis) => (axis < last - 1 ? axis : 2 * last - 1 - axis)),
  )
}

function times(a: Reference, b: Reference): Reference {
  const inner = a.shape.at(-1)!
  const shape = [...a.shape.slice(0, -1), b.shape.at(-1)!]
  return filled(shape, (place) => {
    const batch = place.slice(0, -2)
    const [row, column] = place.slice(-2)
    const terms = Array.from(
      { length: inner },
      (_, k) => at(a, [...batch, row!, k]) * at(b, [...batch, k, column!]),
    )
    return sum(terms)
  })
}

const gelus = {
  erf: (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  tanh: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
}

const fed = (
  op: { readonly name: string },
  _: unknown,
  { tensors }: ReferenceFeeds,
): readonly Reference[] => {
  const tensor = tensors[op.name]
  assert(tensor, `no values for ${op.name}`)
  return [tensor]
}

const rules: Rules = {
  input: fed,
  parameter: fed,
  constant: (op, _, feeds) => [{ shape: numbers(op.shape, feeds), data: [...op.data] }],
  negate: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  erf: unary(erf),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  relu: unary((x) => Math.max(x, 0)),
  stopGradient: unary((x) => x),
  scale: (op, inputs) => unary((x) => x * op.factor)(op, inputs),
  cast: (op, inputs) => unary((x) => (op.to === 'float32' ? x : Math.trunc(x)))(op, inputs),
  gelu: (op, inputs) => unary(gelus[op.form])(op, inputs),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  maximum: binary(Math.max),
  greater: binary((a, b) => Number(a > b)),
  equal: binary((a, b) => Number(a === b)),
  where: (_, [condition, a, b]) => [
    filled(broadcastShape(condition!, a!, b!), (place) => at(at(condition!, place) ? a! : b!, place)),
  ],
  reduceSum: reduction(sum),
  reduceMean: reduction(mean),
  reduceMax: reduction((group) => Math.max(...group)),
  matmul: (op, [a, b]) => {
    const product = times(op.transposeA ? swapped(a!) : a!, op.transposeB ? swapped(b!) : b!)
    return [{ shape: product.shape, data: product.data.map((x) => x * op.alpha) }]
  },
  linear: (op, [x, weight, bias]) => {
    const product = times(x!, op.transposeWeight ? swapped(weight!) : weight!)
    return [filled(product.shape, (place) => (at(product, place) + at(bias!, place)) * op.alpha)]
  },
  gather: (_, [table, ids]) => {
    const width = sizeOf(table!.shape.slice(1))
    const data = ids!.data.flatMap((id) => table!.data.slice(id * width, (id + 1) * width))
    return [{ shape: [...ids!.shape, ...table!.shape.slice(1)], data }]
  },
  scatterAdd: (op, [ids, updates], feeds) => {
    const row = updates!.shape.slice(ids!.shape.length)
    const width = sizeOf(row)
    const shape = [...numbers([op.rows], feeds), ...row]
    const data = Array.from({ length: sizeOf(shape) }, () => 0)
    updates!.data.forEach((update, i) => {
      data[ids!.data[Math.floor(i / width)]! * width + (i % width)]! += update
    })
    return [{ shape, data }]
  },
  reshape: (op, [x], feeds) => [{ shape: numbers(op.shape, feeds), data: x!.data }],
  broadcast: (op, [x], feeds) => [filled(numbers(op.shape, feeds), (place) => at(x!, place))],
  transpose: (op, [x]) => [turned(x!, op.permutation)],
  slice: (op, [x], feeds) => {
    const length = dimSize(op.end, feeds.sizes) - op.start
    const shape = x!.shape.map((dim, axis) => (axis === op.axis ? length : dim))
    return [
      filled(shape, (place) =>
        at(
          x!,
          place.map((p, axis) => (axis === op.axis ? p + op.start : p)),
        ),
      ),
    ]
  },
  pad: (op, [x], feeds) => {
    const shape = x!.shape.map((dim, axis) => (axis === op.axis ? dimSize(op.to, feeds.sizes) : dim))
    return [
      filled(shape, (place) => {
        const from = place.map((p, axis) => (axis === op.axis ? p - op.before : p))
        const inside = from[op.axis]! >= 0 && from[op.axis]! < x!.shape[op.axis]!
        return inside ? x!.data[from.reduce((sum, p, axis) => sum * x!.shape[axis]! + p, 0)]! : 0
      }),
    ]
  },
  concat: (op, parts) => {
    const bounds = parts.map((_, i) => sum(parts.slice(0, i).map(({ shape }) => shape[op.axis]!)))
    const length = sum(parts.map(({ shape }) => shape[op.axis]!))
    const shape = parts[0]!.shape.map((dim, axis) => (axis === op.axis ? length : dim))
    return [
      filled(shape, (place) => {
        const part = bounds.findLastIndex((start) => start <= place[op.axis]!)
        const from = place.map((p, axis) => (axis === op.axis ? p - bounds[part]! : p))
        return parts[part]!.data[from.reduce((sum, p, axis) => sum * parts[part]!.shape[axis]! + p, 0)]!
      }),
    ]
  },
  softmax: (_, [x]) => [rowwise(x!, softmaxRow)],
  logSoftmax: (_, [x]) => [rowwise(x!, (row) => softmaxRow(row).map(Math.log))],
  layerNormalization: (op, [x, gain, bias]) => {
    const deviation = (row: readonly number[]): number =>
      Math.sqrt(mean(row.map((e) => (e - mean(row)) ** 2)) + op.epsilon)
    const normal = rowwise(x!, (row) =>
      row.map((e, i) => gain!.data[i]! * ((e - mean(row)) / deviation(row)) + bias!.data[i]!),
    )
    const width = x!.shape.at(-1)!
    const statistics = (of: (row: readonly number[]) => number): Reference => {
      const shape = [...x!.shape.slice(0, -1), 1]
      return { shape, data: rowwise(x!, (row) => [of(row)]).data.slice(0, x!.data.length / width) }
    }
    return [normal, statistics(mean), statistics((row) => 1 / deviation(row))]
  },
  attention: (op, [queries, keys, values, bias, dropout]) => {
    const split = ({ shape: [batch, time, width], data }: Reference): Reference =>
      turned({ shape: [batch!, time!, op.heads, width! / op.heads], data }, [0, 2, 1, 3])
    const scores = times(split(queries!), swapped(split(keys!)))
    const weights = rowwise(
      filled(scores.shape, (place) => at(scores, place) * op.scale + at(bias!, place)),
      softmaxRow,
    )
    const kept = dropout ? filled(weights.shape, (place) => at(weights, place) * at(dropout, place)) : weights
    const joined = turned(times(kept, split(values!)), [0, 2, 1, 3])
    return [{ shape: [...queries!.shape.slice(0, 2), values!.shape[2]!], data: joined.data }]
  },
}

function evaluateNode<K extends OpName>(op: OpOf<K>, inputs: readonly Reference[], feeds: ReferenceFeeds) {
  const rule: Rules[K] = rules[op.kind as K]
  return rule(op, inputs, feeds)
}

/** Computes values in double precision. */
export function evaluate(values: readonly Value[], feeds: ReferenceFeeds): readonly Reference[] {
  const known = new Map<Node, readonly Reference[]>()
  const of = ({ node, output }: Value): Reference => {
    const results = known.get(node) ?? evaluateNode(node.op, node.inputs.map(of), feeds)
    known.set(node, results)
    return results[output]!
  }
  return values.map(of)
}

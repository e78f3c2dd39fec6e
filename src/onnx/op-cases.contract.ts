/** For each operation one graph of random shape, the table that values, gradients and lowering are all tested from. */
import type { Random } from '../base/random.ts'
import { type AxisSizes, dimSize, type Shape } from '../graph/dim.ts'
import * as g from '../graph/ops.ts'
import type { OpName, Value } from '../graph/value.ts'
import type { Fed } from './run.contract.ts'

/** A graph to compute, what is fed to it, and the inputs whose gradients are to be right. */
export interface OpCase {
  readonly values: readonly Value[]
  readonly feeds: { readonly [name: string]: Fed }
  readonly differentiated: readonly Value[]
}

/** Makes inputs of random content; `batch` and `time` are the named axes of the run. */
interface Draw {
  readonly width: number
  /** Float32 between the bounds; −2 to 2 where there are none. */
  floats(shape: Shape, from?: number, to?: number): Value
  /** Int32 below the limit. */
  ids(shape: Shape, limit: number): Value
  /** Float32 numbers no two of which are near, so that no comparison is a tie. */
  distinct(shape: Shape): Value
}

type Build = (draw: Draw) => { readonly values: readonly Value[]; readonly to?: readonly Value[] }

const rows: Shape = ['batch', 'time']

const unary =
  (of: (x: Value) => Value, from = -2, to = 2): Build =>
  ({ floats, width }) => {
    const x = floats([...rows, width], from, to)
    return { values: [of(x)], to: [x] }
  }

const binary =
  (of: (a: Value, b: Value) => Value): Build =>
  ({ distinct, floats, width }) => {
    const [a, b] = [distinct(['time', width]), floats(['batch', 1, width], 0.5, 2)]
    return { values: [of(a, b)], to: [a, b] }
  }

const comparison =
  (of: (a: Value, b: Value) => Value): Build =>
  ({ ids, width }) => {
    const [a, b] = [ids(['batch', width], 3), ids([width], 3)]
    return { values: [g.cast(of(a, b), 'float32')] }
  }

const reduction =
  (of: typeof g.reduceSum): Build =>
  ({ distinct, width }) => {
    const x = distinct([...rows, width])
    return { values: [of(x, [-1], { keep: true }), of(x, [0, 1]), of(x, [1])], to: [x] }
  }

const cases: { readonly [K in OpName]: Build } = {
  input: ({ floats }) => ({ values: [floats(rows)] }),
  parameter: ({ width }) => ({ values: [g.parameter('weights', [width])] }),
  constant: () => ({ values: [g.constant(Float32Array.of(1, 2, 3, 4), [2, 2])] }),
  negate: unary(g.negate),
  exp: unary(g.exp),
  log: unary(g.log, 0.3, 3),
  sqrt: unary(g.sqrt, 0.3, 3),
  reciprocal: unary(g.reciprocal, 0.3, 3),
  erf: unary(g.erf),
  tanh: unary(g.tanh),
  sigmoid: unary(g.sigmoid),
  relu: ({ distinct }) => {
    const x = distinct(rows)
    return { values: [g.relu(x)], to: [x] }
  },
  stopGradient: unary((x) => g.mul(g.stopGradient(g.scalar(3)), x)),
  scale: unary((x) => g.scale(x, -1.5)),
  cast: ({ ids }) => ({ values: [g.cast(ids(rows, 9), 'float32')] }),
  gelu: ({ floats, width }) => {
    const [x, weight] = [floats([...rows, width], -4, 4), floats([width, 2])]
    // A product takes in the factor that the backward pass takes out of a gelu.
    return { values: [g.gelu(x), g.gelu(x, { form: 'tanh' }), g.matmul(g.gelu(x), weight)], to: [x, weight] }
  },
  add: binary(g.add),
  sub: binary(g.sub),
  mul: binary(g.mul),
  div: binary(g.div),
  maximum: binary(g.maximum),
  greater: comparison(g.greater),
  equal: comparison(g.equal),
  where: ({ floats, ids, width }) => {
    const [a, b] = [floats([...rows, width]), floats([width])]
    const condition = g.equal(ids([...rows, 1], 2), g.constant(Int32Array.of(1), []))
    return { values: [g.where(condition, a, b)], to: [a, b] }
  },
  reduceSum: reduction(g.reduceSum),
  reduceMean: reduction(g.reduceMean),
  reduceMax: reduction(g.reduceMax),
  matmul: ({ floats, width }) => {
    const flags = [false, true].flatMap((a) => [false, true].map((b) => ({ transposeA: a, transposeB: b })))
    const [matrix, turned] = [floats(['time', width]), floats([width, 'time'])]
    const [batched, batchedTurned] = [floats([...rows, width]), floats(['batch', width, 'time'])]
    const [other, otherTurned] = [floats(['batch', width, 3]), floats(['batch', 3, width])]
    const [flat, flatTurned] = [floats([width, 3]), floats([3, width])]
    const values = flags.flatMap((flag) => {
      const right = flag.transposeB ? flatTurned : flat
      const left = flag.transposeA ? batchedTurned : batched
      return [
        g.matmul(flag.transposeA ? turned : matrix, right, { ...flag, alpha: 0.5 }),
        g.matmul(left, flag.transposeB ? otherTurned : other, { ...flag, alpha: 0.5 }),
        ...(flag.transposeA ? [] : [g.matmul(g.scale(batched, 2), right, flag)]),
      ]
    })
    return { values, to: [matrix, turned, batched, batchedTurned, other, otherTurned, flat, flatTurned] }
  },
  linear: ({ floats, width }) => {
    const [x, weight, turned, bias] = [
      floats([...rows, width]),
      floats([width, 3]),
      floats([3, width]),
      floats([3]),
    ]
    const values = [
      g.linear(x, weight, bias),
      g.gelu(g.linear(x, weight, bias)),
      g.linear(g.scale(g.flattenRows(x), 3), turned, bias, { transposeWeight: true, alpha: 0.5 }),
    ]
    return { values, to: [x, weight, turned, bias] }
  },
  gather: ({ floats, ids, width }) => {
    const [table, deep] = [floats([5, width]), floats([4, 2, width])]
    const values = [g.gather(table, ids(rows, 5)), g.gather(deep, ids(rows, 4))]
    return { values, to: [table, deep] }
  },
  scatterAdd: ({ floats, ids, width }) => ({
    values: [g.scatterAdd(ids(rows, 3), floats([...rows, width]), 4)],
  }),
  reshape: ({ floats, width }) => {
    const x = floats([...rows, 2 * width])
    return { values: [g.reshape(x, [...rows, width, 2]), g.flattenRows(x)], to: [x] }
  },
  broadcast: ({ floats, width }) => {
    const [x, row] = [floats([...rows, 1]), floats(['time', 1])]
    const values = [g.broadcast(x, [...rows, width]), g.broadcast(row, [...rows, width])]
    return { values, to: [x, row] }
  },
  transpose: ({ floats, width }) => {
    const x = floats([...rows, width, 2])
    return { values: [g.transpose(x, [2, 0, 3, 1])], to: [x] }
  },
  slice: ({ floats, width }) => {
    const [x, table] = [floats([...rows, width]), floats([9, width])]
    const values = [
      g.slice(x, { axis: 1, start: 0, end: 1 }),
      g.slice(x, { axis: 2, start: 1, end: width }),
      g.slice(table, { axis: 0, start: 0, end: 'time' }),
    ]
    return { values, to: [x, table] }
  },
  pad: ({ floats, width }) => {
    const [x, y] = [floats(['batch', width]), floats(rows)]
    const values = [g.pad(x, { axis: 1, before: 2, to: width + 3 }), g.pad(y, { axis: 1, before: 0, to: 9 })]
    return { values, to: [x, y] }
  },
  concat: ({ floats, width }) => {
    const [a, b] = [floats(['batch', width]), floats(['batch', 2])]
    return { values: [g.concat([a, b], 1)], to: [a, b] }
  },
  softmax: unary(g.softmax),
  logSoftmax: unary(g.logSoftmax),
  layerNormalization: ({ floats, width }) => {
    const [x, gain, bias] = [floats([...rows, width]), floats([width]), floats([width])]
    const values = [
      g.layerNormalization(x, gain, bias, { epsilon: 1e-5 }),
      g.rmsNormalization(x, gain, { epsilon: 1e-5 }),
    ]
    return { values, to: [x, gain, bias] }
  },
  attention: ({ floats, width }) => {
    const [queries, keys, values, bias] = [
      floats([...rows, 2 * width]),
      floats([...rows, 2 * width]),
      floats([...rows, 2 * width]),
      floats(['batch', 1, 1, 'time']),
    ]
    const dropout = floats(['batch', 2, 'time', 'time'], 0, 2)
    const results = [
      g.attention(queries, keys, values, { heads: 2, bias }),
      g.attention(queries, keys, values, { heads: 2, bias, dropout }),
    ]
    return { values: results, to: [queries, keys, values, bias] }
  },
}

/** Names of all operations. */
export const opNames = Object.keys(cases) as readonly OpName[]

/** The case of an operation: its shapes are `sizes` and `width`, its numbers come from `random`. */
export function opCase(name: OpName, sizes: AxisSizes, width: number, random: Random): OpCase {
  const feeds: Record<string, Fed> = {}
  const fill = (shape: Shape, dtype: Fed['dtype'], element: (i: number, size: number) => number): Value => {
    const input = `x${Object.keys(feeds).length}`
    const numbers = shape.map((dim) => dimSize(dim, sizes))
    const size = numbers.reduce((product, dim) => product * dim, 1)
    const data = Array.from({ length: size }, (_, i) => element(i, size))
    feeds[input] = { dtype, shape: numbers, data }
    return g.input(input, shape, dtype)
  }
  const { values, to = [] } = cases[name]({
    width,
    floats: (shape, from = -2, to = 2) =>
      fill(shape, 'float32', () => Math.fround(from + random.next() * (to - from))),
    ids: (shape, limit) => fill(shape, 'int32', () => random.below(limit)),
    distinct: (shape) => {
      let order: readonly number[] = []
      return fill(shape, 'float32', (i, size) => {
        if (i === 0) order = random.shuffle(Array.from({ length: size }, (_, n) => n))
        return Math.fround(((order[i]! + 0.5) / size) * 4 - 2 + 0.001)
      })
    },
  })
  return { values, feeds, differentiated: to }
}

/** Every output of the node of a value, for operations with more than one. */
export function allOutputs(value: Value): readonly Value[] {
  return value.node.outputs.map((type, output) => ({ node: value.node, output, ...type }))
}

// Fits piece vectors so that the sum over a sentence's pieces, divided by the root of their number, is
// the teacher's vector of the sentence: ridge regression towards the first vectors, by conjugate
// gradients, all dimensions side by side. Convex: no learning rate to find, no order of rows that matters.
// The root and not the number itself, because a sum of n unlike vectors grows like the root of n.

/** Sentences as bags of pieces: row r holds `ids[starts[r]]` to `ids[starts[r + 1] - 1]`. */
export interface Bags {
  readonly starts: Int32Array
  readonly ids: Int32Array
}

/** What `fitPieces` is given besides the sentences. */
export interface FitProblem {
  /** The vectors to begin with and to stay near, row after row. */
  readonly initial: Float32Array
  /** The teacher's vectors of the sentences, row after row. */
  readonly targets: Float32Array
  readonly dimensions: number
  /** How strongly pieces are held to their first vectors, in sentences: rare pieces move little. */
  readonly hold: number
  readonly iterations: number
}

/** Packs sentences that are given as piece ids. */
export function packBags(sentences: readonly ArrayLike<number>[]): Bags {
  const starts = new Int32Array(sentences.length + 1)
  for (const [row, ids] of sentences.entries()) starts[row + 1] = starts[row]! + ids.length
  const ids = new Int32Array(starts[sentences.length]!)
  for (const [row, list] of sentences.entries()) ids.set(list, starts[row]!)
  return { starts, ids }
}

/** Vectors V that make |bags · V - targets|² + hold · |V - initial|² least. */
export function fitPieces(bags: Bags, problem: FitProblem): Float32Array {
  const { dimensions, hold, targets, initial } = problem
  const size = { dimensions, pieces: initial.length / dimensions }
  const diagonal = gramDiagonal(bags, { hold, pieces: size.pieces })
  const vectors = initial.slice()
  // The first residual of the normal equations; the pull to the first vectors is nil there.
  const misses = bagVectors(bags, vectors, dimensions)
  for (let n = 0; n < misses.length; n++) misses[n] = targets[n]! - misses[n]!
  const residual = spread(bags, misses, size)
  const direction = preconditioned(residual, { diagonal, dimensions })
  let energy = columnDots(residual, direction, dimensions)
  for (let iteration = 0; iteration < problem.iterations; iteration++) {
    const image = spread(bags, bagVectors(bags, direction, dimensions), size)
    for (let n = 0; n < image.length; n++) image[n]! += hold * direction[n]!
    const curvature = columnDots(direction, image, dimensions)
    const steps = energy.map((value, d) => value / (curvature[d]! + 1e-30))
    addScaled(vectors, direction, steps)
    addScaled(
      residual,
      image,
      steps.map((step) => -step),
    )
    const next = preconditioned(residual, { diagonal, dimensions })
    const newEnergy = columnDots(residual, next, dimensions)
    addScaled(
      next,
      direction,
      newEnergy.map((value, d) => value / (energy[d]! + 1e-30)),
    )
    direction.set(next)
    energy = newEnergy
  }
  return vectors
}

/** The vector of every sentence: the sum of its pieces' vectors over the root of their number. */
export function bagVectors(bags: Bags, vectors: Float32Array, dimensions: number): Float32Array {
  const sums = new Float32Array((bags.starts.length - 1) * dimensions)
  forEachPiece(bags, (row, piece, weight) => {
    for (let d = 0, to = row * dimensions, from = piece * dimensions; d < dimensions; d++) {
      sums[to + d]! += weight * vectors[from + d]!
    }
  })
  return sums
}

/** The transpose of `bagVectors`: what every piece gets from the sentences that it stands in. */
function spread(bags: Bags, rows: Float32Array, size: { dimensions: number; pieces: number }): Float32Array {
  const { dimensions } = size
  const sums = new Float32Array(size.pieces * dimensions)
  forEachPiece(bags, (row, piece, weight) => {
    for (let d = 0, to = piece * dimensions, from = row * dimensions; d < dimensions; d++) {
      sums[to + d]! += weight * rows[from + d]!
    }
  })
  return sums
}

function forEachPiece(bags: Bags, visit: (row: number, piece: number, weight: number) => void): void {
  for (let row = 0; row + 1 < bags.starts.length; row++) {
    const [start, end] = [bags.starts[row]!, bags.starts[row + 1]!]
    const weight = 1 / Math.sqrt(end - start)
    for (let n = start; n < end; n++) visit(row, bags.ids[n]!, weight)
  }
}

/** Adds `factors[d]` times column d of `change` to `target`. */
function addScaled(target: Float32Array, change: Float32Array, factors: Float64Array): void {
  for (let start = 0; start < target.length; start += factors.length) {
    for (let d = 0; d < factors.length; d++) target[start + d]! += factors[d]! * change[start + d]!
  }
}

function columnDots(left: Float32Array, right: Float32Array, dimensions: number): Float64Array {
  const sums = new Float64Array(dimensions)
  for (let start = 0; start < left.length; start += dimensions) {
    for (let d = 0; d < dimensions; d++) sums[d]! += left[start + d]! * right[start + d]!
  }
  return sums
}

// Pieces differ a thousandfold in how often they occur; dividing by the diagonal evens that out.
function gramDiagonal(bags: Bags, { hold, pieces }: { hold: number; pieces: number }): Float32Array {
  const diagonal = new Float32Array(pieces).fill(hold)
  forEachPiece(bags, (_, piece, weight) => {
    diagonal[piece]! += weight * weight
  })
  return diagonal
}

function preconditioned(
  residual: Float32Array,
  { diagonal, dimensions }: { diagonal: Float32Array; dimensions: number },
): Float32Array {
  const scaled = residual.slice()
  for (let piece = 0; piece < diagonal.length; piece++) {
    const end = (piece + 1) * dimensions
    for (let n = piece * dimensions; n < end; n++) scaled[n]! /= diagonal[piece]!
  }
  return scaled
}

// A few directions that stand for many: k-means on the sphere (Dhillon and Modha, "Concept decompositions for large
// sparse text data using clustering", 2001).

const rounds = 6 // after which centres hardly move

/** `count` vectors of length 1 that stand for `rows` of length 1; begins at the first rows, so give these in random order. */
export function centresOf(rows: readonly Float32Array[], count: number): readonly Float32Array[] {
  let centres = rows.slice(0, count)
  for (let round = 0; round < rounds; round++) {
    const sums = centres.map((centre) => new Float32Array(centre.length))
    for (const row of rows) add(sums[nearest(centres, row)]!, row)
    centres = sums.map((sum, k) => unit(sum) ?? centres[k]!)
  }
  return centres
}

function nearest(centres: readonly Float32Array[], row: Float32Array): number {
  let best = 0
  let most = Number.NEGATIVE_INFINITY
  centres.forEach((centre, k) => {
    let product = 0
    for (let d = 0; d < row.length; d++) product += centre[d]! * row[d]!
    if (product <= most) return
    most = product
    best = k
  })
  return best
}

function add(sum: Float32Array, row: Float32Array): void {
  for (let d = 0; d < row.length; d++) sum[d]! += row[d]!
}

function unit(sum: Float32Array): Float32Array | undefined {
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0))
  return length > 0 ? sum.map((value) => value / length) : undefined
}

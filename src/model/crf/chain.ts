// Sums over all chains of tags of a text: the probability of each tag, pair, span and of a whole answer by the
// forward-backward algorithm (Rabiner 1989; Lafferty 2001 for the model). Only valid chains have any probability.
import { type ChainWeights, pairTable, zeroChainWeights } from './chain-weights.ts'
import type { TagScheme, TokenSpan } from './tag-scheme.ts'

/** Works on one text at a time. */
export interface Chain {
  /** Sums over all chains; gives the logarithm of the sum. What follows is about this text. */
  sum(emissions: Float32Array, length: number, weights: ChainWeights): number
  /** Adds the probability of each tag at each token to `target`, T rows. */
  addTagMarginals(target: Float32Array): void
  /** Adds the expected count of each pair, start and end. */
  addPairMarginals(target: ChainWeights): void
  /** Probability that the answer has exactly this span, with this label. */
  spanProbability(span: TokenSpan): number
  /** Score of given tags. */
  scoreOf(tags: ArrayLike<number>): number
}

// Differences between tags of one token beyond this are cut: e^-300 squared is still a number.
const largestGap = 300
const smallestMass = 1e-9 // of a tag, below which its pairs are not counted

/** A chain that serves texts of any length. */
export function createChain(scheme: TagScheme): Chain {
  const sums = createSums(scheme)
  return {
    sum(emissions, length, weights) {
      reserve(sums, length)
      sums.emissions = emissions
      sums.length = length
      sums.weights = weights
      if (length === 0) return 0
      return exponentiate(sums) + sumForward(sums) + sumBackward(sums)
    },
    addTagMarginals(target) {
      const { forward, backward } = sums
      const size = sums.length * scheme.tagCount
      for (let at = 0; at < size; at++) target[at]! += forward[at]! * backward[at]!
    },
    addPairMarginals: (target) => addPairMarginals(sums, target),
    spanProbability: (span) => spanProbability(sums, span),
    scoreOf: (tags) => scoreOf(sums, tags),
  }
}

/** What is known of the last text, and the memory for it. */
interface Sums {
  readonly scheme: TagScheme
  readonly pairAt: Int16Array
  /** Where the pairs to each tag begin. */
  readonly toStarts: Int32Array
  /** The pairs once more, ordered by their first tag: a sum in a register is several times as fast as one in an array. */
  readonly byFrom: PairsByFrom
  readonly pairFactors: Float64Array
  readonly factorsByFrom: Float64Array
  readonly endFactors: Float64Array
  readonly next: Float64Array
  emissions: Float32Array
  weights: ChainWeights
  length: number
  // T x K: exponentials of emissions, and forward and backward sums, each forward row summing to 1.
  factors: Float64Array
  forward: Float64Array
  backward: Float64Array
  /** What each forward row was multiplied by. */
  scales: Float64Array
}

function createSums(scheme: TagScheme): Sums {
  const { from, to, tagCount } = scheme
  return {
    scheme,
    pairAt: pairTable(scheme),
    toStarts: startsOf(to, tagCount),
    byFrom: pairsByFrom(scheme),
    pairFactors: new Float64Array(from.length),
    factorsByFrom: new Float64Array(from.length),
    endFactors: new Float64Array(tagCount),
    next: new Float64Array(tagCount),
    emissions: new Float32Array(0),
    weights: zeroChainWeights(scheme),
    length: 0,
    factors: new Float64Array(0),
    forward: new Float64Array(0),
    backward: new Float64Array(0),
    scales: new Float64Array(0),
  }
}

function reserve(sums: Sums, tokens: number): void {
  if (tokens <= sums.scales.length) return
  const capacity = Math.max(64, tokens * 2)
  const size = capacity * sums.scheme.tagCount
  sums.factors = new Float64Array(size)
  sums.forward = new Float64Array(size)
  sums.backward = new Float64Array(size)
  sums.scales = new Float64Array(capacity)
}

/** Writes the exponentials, each token's largest brought to 1; gives the sum of what was taken off. */
function exponentiate({ scheme, emissions, weights, length, factors, ...sums }: Sums): number {
  const { tagCount: K, canEnd } = scheme
  let shifts = 0
  for (let t = 0; t < length; t++) {
    const row = t * K
    let largest = emissions[row]!
    for (let k = 1; k < K; k++) if (emissions[row + k]! > largest) largest = emissions[row + k]!
    for (let k = 0; k < K; k++) {
      const gap = emissions[row + k]! - largest
      factors[row + k] = Math.exp(gap < -largestGap ? -largestGap : gap)
    }
    shifts += largest
  }
  const { pairFactors, factorsByFrom, byFrom, endFactors } = sums
  for (let p = 0; p < pairFactors.length; p++) pairFactors[p] = Math.exp(weights.pairs[p]!)
  for (let q = 0; q < pairFactors.length; q++) factorsByFrom[q] = pairFactors[byFrom.pairs[q]!]!
  for (let k = 0; k < K; k++) endFactors[k] = canEnd[k] ? Math.exp(weights.ends[k]!) : 0
  return shifts
}

/** Writes the forward sums; gives the logarithm of what their rows were before they were scaled. */
function sumForward({
  scheme,
  weights,
  length,
  factors,
  forward,
  scales,
  pairFactors,
  toStarts,
}: Sums): number {
  const { tagCount: K, from, canStart } = scheme
  let logSum = 0
  for (let t = 0; t < length; t++) {
    const row = t * K
    const before = row - K
    let total = 0
    for (let k = 0; k < K; k++) {
      let mass = t === 0 && canStart[k] ? Math.exp(weights.starts[k]!) : 0
      const end = t === 0 ? 0 : toStarts[k + 1]!
      for (let p = toStarts[k]!; p < end; p++) mass += forward[before + from[p]!]! * pairFactors[p]!
      mass *= factors[row + k]!
      forward[row + k] = mass
      total += mass
    }
    scales[t] = 1 / total
    for (let k = 0; k < K; k++) forward[row + k]! *= scales[t]!
    logSum += Math.log(total)
  }
  return logSum
}

/** Writes the backward sums, so that forward times backward is a probability; gives the logarithm of the last row's sum. */
function sumBackward({ scheme, length, factors, forward, backward, scales, next, ...sums }: Sums): number {
  const { tagCount: K } = scheme
  const { endFactors, factorsByFrom, byFrom } = sums
  const lastRow = (length - 1) * K
  let total = 0
  for (let k = 0; k < K; k++) total += forward[lastRow + k]! * endFactors[k]!
  for (let k = 0; k < K; k++) backward[lastRow + k] = endFactors[k]! / total
  for (let t = length - 2; t >= 0; t--) {
    const row = t * K
    for (let k = 0; k < K; k++) next[k] = factors[row + K + k]! * backward[row + K + k]! * scales[t + 1]!
    for (let j = 0; j < K; j++) {
      let mass = 0
      const end = byFrom.starts[j + 1]!
      for (let q = byFrom.starts[j]!; q < end; q++) mass += factorsByFrom[q]! * next[byFrom.to[q]!]!
      backward[row + j] = mass
    }
  }
  return Math.log(total)
}

function addPairMarginals(
  { scheme, length, factors, forward, backward, scales, next, byFrom, factorsByFrom }: Sums,
  { pairs, starts, ends }: ChainWeights,
): void {
  if (length === 0) return
  const { tagCount: K } = scheme
  const lastRow = (length - 1) * K
  for (let k = 0; k < K; k++) {
    starts[k]! += forward[k]! * backward[k]!
    ends[k]! += forward[lastRow + k]! * backward[lastRow + k]!
  }
  for (let t = 1; t < length; t++) {
    const row = t * K
    for (let k = 0; k < K; k++) next[k] = factors[row + k]! * backward[row + k]! * scales[t]!
    for (let j = 0; j < K; j++) {
      const mass = forward[row - K + j]!
      if (mass < smallestMass) continue
      const end = byFrom.starts[j + 1]!
      for (let q = byFrom.starts[j]!; q < end; q++) {
        pairs[byFrom.pairs[q]!]! += mass * factorsByFrom[q]! * next[byFrom.to[q]!]!
      }
    }
  }
}

function spanProbability(sums: Sums, { first, last, label }: TokenSpan): number {
  const { scheme, pairAt, pairFactors, factors, scales, forward, backward, length } = sums
  const { tagCount: K } = scheme
  /** What going on from tag `a` at token `t` - 1 to `b` multiplies a forward sum by. */
  const step = (a: number, b: number, t: number): number =>
    pairFactors[pairAt[a * K + b]!]! * factors[t * K + b]! * scales[t]!
  const inside = scheme.tagOf(label, 'inside')
  let tag = scheme.tagOf(label, first === last ? 'single' : 'first')
  let mass = forward[first * K + tag]!
  for (let t = first + 1; t <= last; t++) {
    const following = t === last ? scheme.tagOf(label, 'last') : inside
    mass *= step(tag, following, t)
    tag = following
  }
  let after = backward[last * K + tag]!
  // Where spans have no tag for their end, those that go on must be taken off.
  if (scheme.name === 'bio' && last + 1 < length) {
    after -= step(tag, inside, last + 1) * backward[(last + 1) * K + inside]!
  }
  return Math.min(1, Math.max(0, mass * after))
}

function scoreOf({ scheme, length, weights, emissions, pairAt }: Sums, tags: ArrayLike<number>): number {
  if (length === 0) return 0
  const { tagCount: K } = scheme
  let score = weights.starts[tags[0]!]! + weights.ends[tags[length - 1]!]!
  for (let t = 0; t < length; t++) {
    score += emissions[t * K + tags[t]!]!
    if (t > 0) score += weights.pairs[pairAt[tags[t - 1]! * K + tags[t]!]!]!
  }
  return score
}

interface PairsByFrom {
  readonly pairs: Uint16Array
  readonly to: Uint8Array
  readonly starts: Int32Array
}

function pairsByFrom({ from, to, tagCount }: TagScheme): PairsByFrom {
  const pairs = Uint16Array.from(from.keys()).sort((a, b) => from[a]! - from[b]! || a - b)
  const sorted = Uint8Array.from(pairs, (pair) => from[pair]!)
  return { pairs, to: Uint8Array.from(pairs, (pair) => to[pair]!), starts: startsOf(sorted, tagCount) }
}

/** Where each tag begins in a list of tags in order, and the list's end. */
function startsOf(sorted: Uint8Array, tagCount: number): Int32Array {
  const starts = new Int32Array(tagCount + 1)
  for (const tag of sorted) starts[tag + 1]!++
  for (let tag = 0; tag < tagCount; tag++) starts[tag + 1]! += starts[tag]!
  return starts
}

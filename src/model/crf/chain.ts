// A chain of tags over a text: the best one, and the probability of each tag, pair, span and of a whole answer by the
// forward-backward algorithm (Rabiner 1989; Lafferty 2001 for the model). Only valid chains have any probability.
import type { TagScheme, TokenSpan } from './tag-scheme.ts'

/** What neighbouring tags, and the first and the last one, add to a chain's score. */
export interface ChainWeights {
  /** One an allowed pair, in the scheme's order. */
  readonly pairs: Float32Array
  /** One a tag; not read for tags that cannot stand there. */
  readonly starts: Float32Array
  readonly ends: Float32Array
}

/** Weights of zero. */
export function zeroChainWeights({ from, tagCount }: TagScheme): ChainWeights {
  return {
    pairs: new Float32Array(from.length),
    starts: new Float32Array(tagCount),
    ends: new Float32Array(tagCount),
  }
}

/** Works on one text at a time; everything it gives is written over by the next text. */
export interface Chain {
  /** The best tags under `emissions`, T rows of the scheme's tags; gives their score. */
  best(emissions: Float32Array, length: number, weights: ChainWeights): { tags: Uint8Array; score: number }
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
  const { tagCount: K, from, to, canStart, canEnd } = scheme
  const pairCount = from.length
  let capacity = 0
  let length = 0
  let emissions: Float32Array = new Float32Array(0)
  let weights = zeroChainWeights(scheme)
  // T x K: exponentials of emissions, and forward and backward sums, each forward row summing to 1.
  let [factors, forward, backward] = [new Float64Array(0), new Float64Array(0), new Float64Array(0)]
  let scales = new Float64Array(0)
  let [tags, pointers] = [new Uint8Array(0), new Uint8Array(0)]
  const pairFactors = new Float64Array(pairCount)
  // The pairs once more, ordered by `from`: a sum in a register is several times as fast as one in an array.
  const byFrom = pairsByFrom(scheme)
  const factorsByFrom = new Float64Array(pairCount)
  const toStarts = startsOf(to, K)
  const endFactors = new Float64Array(K)
  const [current, next] = [new Float64Array(K), new Float64Array(K)]

  function reserve(tokens: number): void {
    if (tokens <= capacity) return
    capacity = Math.max(64, tokens, capacity * 2)
    ;[factors, forward, backward] = [
      new Float64Array(capacity * K),
      new Float64Array(capacity * K),
      new Float64Array(capacity * K),
    ]
    scales = new Float64Array(capacity)
    tags = new Uint8Array(capacity)
    pointers = new Uint8Array(capacity * K)
  }

  function best(
    given: Float32Array,
    tokens: number,
    { pairs, starts, ends }: ChainWeights,
  ): { tags: Uint8Array; score: number } {
    reserve(tokens)
    if (tokens === 0) return { tags, score: 0 }
    for (let k = 0; k < K; k++) current[k] = canStart[k] ? starts[k]! + given[k]! : -Infinity
    for (let t = 1; t < tokens; t++) {
      next.fill(-Infinity)
      const row = t * K
      for (let p = 0; p < pairCount; p++) {
        const score = current[from[p]!]! + pairs[p]!
        const k = to[p]!
        if (score <= next[k]!) continue
        next[k] = score
        pointers[row + k] = from[p]!
      }
      for (let k = 0; k < K; k++) current[k] = next[k]! + given[row + k]!
    }
    let last = 0
    let score = -Infinity
    for (let k = 0; k < K; k++) {
      if (!canEnd[k] || current[k]! + ends[k]! <= score) continue
      score = current[k]! + ends[k]!
      last = k
    }
    for (let t = tokens - 1; t >= 0; t--) {
      tags[t] = last
      last = pointers[t * K + last]!
    }
    return { tags, score }
  }

  function exponentiate(): number {
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
    for (let p = 0; p < pairCount; p++) pairFactors[p] = Math.exp(weights.pairs[p]!)
    for (let q = 0; q < pairCount; q++) factorsByFrom[q] = pairFactors[byFrom.pairs[q]!]!
    for (let k = 0; k < K; k++) endFactors[k] = canEnd[k] ? Math.exp(weights.ends[k]!) : 0
    return shifts
  }

  /** Brings a forward row to a sum of 1; gives the logarithm of what it was. */
  function normalise(t: number): number {
    const row = t * K
    let total = 0
    for (let k = 0; k < K; k++) total += forward[row + k]!
    scales[t] = 1 / total
    for (let k = 0; k < K; k++) forward[row + k]! *= scales[t]!
    return Math.log(total)
  }

  function sum(given: Float32Array, tokens: number, chainWeights: ChainWeights): number {
    reserve(tokens)
    ;[emissions, length, weights] = [given, tokens, chainWeights]
    if (tokens === 0) return 0
    let logSum = exponentiate()
    for (let k = 0; k < K; k++) forward[k] = canStart[k] ? Math.exp(weights.starts[k]!) * factors[k]! : 0
    logSum += normalise(0)
    for (let t = 1; t < tokens; t++) {
      const row = t * K
      const before = row - K
      for (let k = 0; k < K; k++) {
        let mass = 0
        const end = toStarts[k + 1]!
        for (let p = toStarts[k]!; p < end; p++) mass += forward[before + from[p]!]! * pairFactors[p]!
        forward[row + k] = mass * factors[row + k]!
      }
      logSum += normalise(t)
    }
    const lastRow = (tokens - 1) * K
    let total = 0
    for (let k = 0; k < K; k++) total += forward[lastRow + k]! * endFactors[k]!
    for (let k = 0; k < K; k++) backward[lastRow + k] = endFactors[k]! / total
    for (let t = tokens - 2; t >= 0; t--) sumBackward(t)
    return logSum + Math.log(total)
  }

  function sumBackward(t: number): void {
    const row = t * K
    for (let k = 0; k < K; k++) next[k] = factors[row + K + k]! * backward[row + K + k]! * scales[t + 1]!
    for (let j = 0; j < K; j++) {
      let mass = 0
      const end = byFrom.starts[j + 1]!
      for (let q = byFrom.starts[j]!; q < end; q++) mass += factorsByFrom[q]! * next[byFrom.to[q]!]!
      backward[row + j] = mass
    }
  }

  function addPairMarginals({ pairs, starts, ends }: ChainWeights): void {
    if (length === 0) return
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

  const pairAt = new Int16Array(K * K).fill(-1)
  for (let p = 0; p < pairCount; p++) pairAt[from[p]! * K + to[p]!] = p

  /** What going on from tag `a` at token `t` - 1 to `b` multiplies a forward sum by. */
  const step = (a: number, b: number, t: number): number =>
    pairFactors[pairAt[a * K + b]!]! * factors[t * K + b]! * scales[t]!

  function spanProbability({ first, last, label }: TokenSpan): number {
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

  return {
    best,
    sum,
    addPairMarginals,
    spanProbability,
    addTagMarginals(target) {
      for (let at = 0; at < length * K; at++) target[at]! += forward[at]! * backward[at]!
    },
    scoreOf(path) {
      if (length === 0) return 0
      let score = weights.starts[path[0]!]! + weights.ends[path[length - 1]!]!
      for (let t = 0; t < length; t++) {
        score += emissions[t * K + path[t]!]!
        if (t > 0) score += weights.pairs[pairAt[path[t - 1]! * K + path[t]!]!]!
      }
      return score
    },
  }
}

/** The pairs of a scheme ordered by their first tag: from `starts[tag]` on. */
function pairsByFrom({ from, to, tagCount }: TagScheme) {
  const pairs = Uint16Array.from(from.keys()).sort((a, b) => from[a]! - from[b]! || a - b)
  return {
    pairs,
    to: Uint8Array.from(pairs, (pair) => to[pair]!),
    starts: startsOf(
      Uint8Array.from(pairs, (pair) => from[pair]!),
      tagCount,
    ),
  }
}

/** Where each tag begins in a list of tags in order, and the list's end. */
function startsOf(sorted: Uint8Array, tagCount: number): Int32Array {
  const starts = new Int32Array(tagCount + 1)
  for (const tag of sorted) starts[tag + 1]!++
  for (let tag = 0; tag < tagCount; tag++) starts[tag + 1]! += starts[tag]!
  return starts
}

import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createBestTagsFinder } from './best-tags.ts'
import { createChain } from './chain.ts'
import { type ChainWeights, zeroChainWeights } from './chain-weights.ts'
import { createTagScheme, schemeNames, type TagScheme } from './tag-scheme.ts'

const length = 4
const labelCount = 2

function randomCase(scheme: TagScheme, seed: number): { emissions: Float32Array; weights: ChainWeights } {
  const random = seededRandom(seed)
  const weights = zeroChainWeights(scheme)
  for (const values of Object.values(weights))
    for (let i = 0; i < values.length; i++) values[i] = random.normal()
  return {
    emissions: Float32Array.from({ length: length * scheme.tagCount }, () => 2 * random.normal()),
    weights,
  }
}

/** All valid chains with their scores, found by trying every sequence of tags. */
function allChains(scheme: TagScheme, emissions: Float32Array, weights: ChainWeights) {
  const pair = new Map([...scheme.from].map((from, p) => [`${from} ${scheme.to[p]}`, p] as const))
  const chains: { readonly tags: readonly number[]; readonly score: number }[] = []
  const extend = (tags: readonly number[], score: number): void => {
    const last = tags.at(-1)
    if (tags.length === length) {
      if (scheme.canEnd[last!]) chains.push({ tags, score: score + weights.ends[last!]! })
      return
    }
    for (let tag = 0; tag < scheme.tagCount; tag++) {
      const own = emissions[tags.length * scheme.tagCount + tag]!
      const before = last === undefined ? scheme.canStart[tag] : pair.has(`${last} ${tag}`)
      if (!before) continue
      const step = last === undefined ? weights.starts[tag]! : weights.pairs[pair.get(`${last} ${tag}`)!]!
      extend([...tags, tag], score + own + step)
    }
  }
  extend([], 0)
  return chains
}

const logSumExp = (scores: readonly number[]): number => {
  const largest = Math.max(...scores)
  return largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0))
}

describe.each(schemeNames)('a chain of %s tags', (name) => {
  const scheme = createTagScheme(name, labelCount)
  const { tagCount: K } = scheme
  const chain = createChain(scheme)
  const findBest = createBestTagsFinder(scheme)
  const { emissions, weights } = randomCase(scheme, 7)
  const chains = allChains(scheme, emissions, weights)
  const logSum = logSumExp(chains.map(({ score }) => score))
  const share = (keep: (tags: readonly number[]) => boolean): number =>
    chains.filter(({ tags }) => keep(tags)).reduce((sum, { score }) => sum + Math.exp(score - logSum), 0)

  test('the best chain is the best of all valid ones', () => {
    const best = chains.reduce((most, one) => (one.score > most.score ? one : most))
    const found = findBest(emissions, length, weights)
    expect([...found.tags.subarray(0, length)]).toEqual(best.tags)
    expect(found.score).toBeCloseTo(best.score, 4)
    chain.sum(emissions, length, weights)
    expect(chain.scoreOf(best.tags)).toBeCloseTo(best.score, 4)
  })

  test('the sum is that over all valid chains', () => {
    expect(chain.sum(emissions, length, weights)).toBeCloseTo(logSum, 4)
  })

  test('marginals of tags, pairs, starts and ends are shares of all valid chains', () => {
    chain.sum(emissions, length, weights)
    const tags = new Float32Array(length * K)
    chain.addTagMarginals(tags)
    for (let t = 0; t < length; t++) {
      for (let k = 0; k < K; k++)
        expect(tags[t * K + k]).toBeCloseTo(
          share((own) => own[t] === k),
          5,
        )
    }
    const counts = zeroChainWeights(scheme)
    chain.addPairMarginals(counts)
    scheme.from.forEach((from, p) => {
      let expected = 0
      for (let t = 1; t < length; t++)
        expected += share((own) => own[t - 1] === from && own[t] === scheme.to[p])
      expect(counts.pairs[p]).toBeCloseTo(expected, 5)
    })
    for (let k = 0; k < K; k++) {
      expect(counts.starts[k]).toBeCloseTo(
        share((own) => own[0] === k),
        5,
      )
      expect(counts.ends[k]).toBeCloseTo(
        share((own) => own[length - 1] === k),
        5,
      )
    }
  })

  test('the probability of a span is the share of valid chains that have exactly this span', () => {
    chain.sum(emissions, length, weights)
    for (let first = 0; first < length; first++) {
      for (let last = first; last < length; last++) {
        for (let label = 0; label < labelCount; label++) {
          const expected = share((own) =>
            scheme.decode(own, length).some((s) => s.first === first && s.last === last && s.label === label),
          )
          expect(chain.spanProbability({ first, last, label })).toBeCloseTo(expected, 5)
        }
      }
    }
  })

  test('marginals are the gradient of the sum, by finite differences', () => {
    const step = 1e-2
    const slope = (values: Float32Array, at: number): number => {
      const held = values[at]!
      values[at] = held + step
      const above = chain.sum(emissions, length, weights)
      values[at] = held - step
      const below = chain.sum(emissions, length, weights)
      values[at] = held
      return (above - below) / (2 * step)
    }
    const tags = new Float32Array(length * K)
    const counts = zeroChainWeights(scheme)
    chain.sum(emissions, length, weights)
    chain.addTagMarginals(tags)
    chain.addPairMarginals(counts)
    tags.forEach((expected, at) => {
      expect(slope(emissions, at)).toBeCloseTo(expected, 3)
    })
    counts.pairs.forEach((expected, p) => {
      expect(slope(weights.pairs, p)).toBeCloseTo(expected, 3)
    })
  })

  test('whatever the emissions, a decoded chain is valid', () => {
    const valid = new Set([...scheme.from].map((from, p) => `${from} ${scheme.to[p]}`))
    const random = seededRandom(3)
    const spikes = zeroChainWeights(scheme)
    for (let trial = 0; trial < 200; trial++) {
      const rows = Float32Array.from({ length: 12 * K }, () => 20 * random.normal())
      const { tags } = findBest(rows, 12, spikes)
      expect(scheme.canStart[tags[0]!]! && scheme.canEnd[tags[11]!]).toBe(1)
      for (let t = 1; t < 12; t++) expect(valid.has(`${tags[t - 1]} ${tags[t]}`)).toBe(true)
    }
  })

  test('emissions far apart and a text of thousands of tokens stay numbers', () => {
    const tokens = 5000
    const random = seededRandom(4)
    const rows = Float32Array.from({ length: tokens * K }, () => 500 * random.normal())
    expect(Number.isFinite(chain.sum(rows, tokens, weights))).toBe(true)
    const marginals = new Float32Array(tokens * K)
    chain.addTagMarginals(marginals)
    expect(marginals.every(Number.isFinite)).toBe(true)
  })
})

test('a text without tokens has one answer', () => {
  const scheme = createTagScheme('bioes', 1)
  const chain = createChain(scheme)
  const weights = zeroChainWeights(scheme)
  expect(createBestTagsFinder(scheme)(new Float32Array(0), 0, weights).score).toBe(0)
  expect(chain.sum(new Float32Array(0), 0, weights)).toBe(0)
})

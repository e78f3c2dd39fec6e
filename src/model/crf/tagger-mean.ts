// Several taggers trained alike as one, whose emissions are the mean of theirs: weights of sparse features are
// averaged, hidden units stand side by side. What training in another order would change cancels out.
import { paddedLength } from '../linear/dense-memory.ts'
import type { TaggerWeights } from './tagger-trainer.ts'
import type { NetworkShape, NetworkWeights } from './window-network.ts'

/** The mean of taggers over the same features, and the shape of its network: as many hidden units as all together. */
export function meanTagger(
  members: readonly TaggerWeights[],
  shape: NetworkShape,
): { readonly weights: TaggerWeights; readonly shape: NetworkShape } {
  const mean = (of: (member: TaggerWeights) => Float32Array): Float32Array => {
    const sum = new Float32Array(of(members[0]!).length)
    for (const member of members) {
      const values = of(member)
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]! / members.length
    }
    return sum
  }
  const networks = members.flatMap(({ network }) => (network ? [network] : []))
  const weights: TaggerWeights = {
    sparse: mean(({ sparse }) => sparse),
    chain: {
      pairs: mean(({ chain }) => chain.pairs),
      starts: mean(({ chain }) => chain.starts),
      ends: mean(({ chain }) => chain.ends),
    },
    ...(networks.length > 0 && { network: sideBySide(networks, shape) }),
  }
  return { weights, shape: { ...shape, hidden: shape.hidden * members.length } }
}

function sideBySide(networks: readonly NetworkWeights[], { hidden, outputs }: NetworkShape): NetworkWeights {
  const own = paddedLength(hidden + 1)
  const all = paddedLength(hidden * networks.length + 1)
  const second = new Float32Array(outputs * all)
  networks.forEach((network, member) => {
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < hidden; j++) {
        second[k * all + member * hidden + j] = network.second[k * own + j]! / networks.length
      }
      second[k * all + hidden * networks.length]! += network.second[k * own + hidden]! / networks.length
    }
  })
  const size = networks[0]!.first.length
  const first = new Float32Array(size * networks.length)
  networks.forEach((network, member) => {
    first.set(network.first, member * size)
  })
  return { first, second }
}

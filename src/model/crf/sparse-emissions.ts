// Emissions from sparse features: a row of weights, one a tag, for each feature; learned with Adagrad, where only the
// rows of the text at hand are touched.
import type { Random } from '../../base/random.ts'

/** Features of tokens by number: those of token `t` are `rows[starts[t]]` up to `starts[t + 1]`. */
export interface TokenRows {
  readonly starts: Int32Array
  readonly rows: Int32Array
}

export interface SparseSettings {
  readonly rate: number
  /** Share of a token's features that are left out at each step, so that no few of them carry a tag alone. */
  readonly dropout: number
}

/** Emissions in training. */
export interface SparseTrainer {
  /** Adds K numbers a token to `emissions`; features are dropped where a random stream is given. */
  forward(rows: TokenRows, firstToken: number, tokens: number, emissions: Float32Array, random?: Random): void
  /** Takes a step along the gradient of the last text, T x K. */
  backward(rows: TokenRows, firstToken: number, gradient: Float32Array, tokens: number): void
  /** The weights themselves, V rows of K, which further steps change. */
  readonly weights: Float32Array
}

const firstSquare = 0.1

/** Weights of zero for `rowCount` features and K tags. */
export function createSparseTrainer(rowCount: number, K: number, settings: SparseSettings): SparseTrainer {
  const weights = new Float32Array(rowCount * K)
  const squares = new Float32Array(rowCount * K).fill(firstSquare)
  const { rate, dropout } = settings
  let kept = new Uint8Array(4096)
  const [tags, slopes] = [new Int32Array(K), new Float32Array(K)]

  function choose(count: number, random: Random | undefined): number {
    if (kept.length < count) kept = new Uint8Array(count * 2)
    if (!random || dropout === 0) {
      kept.fill(1, 0, count)
      return 1
    }
    for (let i = 0; i < count; i++) kept[i] = random.next() < dropout ? 0 : 1
    return 1 / (1 - dropout)
  }

  let scale = 1
  return {
    weights,
    forward({ starts, rows }, firstToken, tokens, emissions, random) {
      const begin = starts[firstToken]!
      scale = choose(starts[firstToken + tokens]! - begin, random)
      for (let t = 0; t < tokens; t++) {
        const to = t * K
        const end = starts[firstToken + t + 1]!
        for (let i = starts[firstToken + t]!; i < end; i++) {
          if (kept[i - begin] === 0) continue
          const from = rows[i]! * K
          for (let k = 0; k < K; k++) emissions[to + k]! += scale * weights[from + k]!
        }
      }
    },
    backward({ starts, rows }, firstToken, gradient, tokens) {
      const begin = starts[firstToken]!
      for (let t = 0; t < tokens; t++) {
        let count = 0
        for (let k = 0; k < K; k++) {
          if (gradient[t * K + k] === 0) continue
          slopes[count] = gradient[t * K + k]! * scale
          tags[count++] = k
        }
        if (count === 0) continue
        const end = starts[firstToken + t + 1]!
        for (let i = starts[firstToken + t]!; i < end; i++) {
          if (kept[i - begin] === 0) continue
          const from = rows[i]! * K
          for (let j = 0; j < count; j++) {
            const at = from + tags[j]!
            const slope = slopes[j]!
            const square = squares[at]! + slope * slope
            squares[at] = square
            weights[at]! -= (rate * slope) / Math.sqrt(square)
          }
        }
      }
    },
  }
}

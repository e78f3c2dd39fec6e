// Dropout of an encoder in training (Srivastava et al., 2014): factors come from a bank of seeded rows, and which row
// each token gets is fed at every step, so that a run is repeatable and the graph holds no random numbers.
import type { Random } from '../../base/random.ts'
import type { Dim } from '../../graph/dim.ts'
import { constant, dropout as dropRows, gather, input, slice } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderDropout } from './encoder.ts'
import { type EncoderConfig, maxTokensOf } from './encoder-config.ts'

const [B, T]: readonly [Dim, Dim] = ['batch', 'time']

/** Rows of a bank; each is drawn again and again, by other tokens and in other steps. */
export const dropoutKinds = 512

/** An input that is fed row numbers of a bank, below {@link dropoutKinds}: int32, of this shape. */
export interface DropoutInput {
  readonly name: string
  /** Axes are sizes, `batch` and `time`. */
  readonly shape: readonly Dim[]
}

/** What the layers that train drop, and the inputs that say which. */
export interface FedDropout extends EncoderDropout {
  /** Inputs asked for so far, in the order of the graph. */
  inputs(): readonly DropoutInput[]
}

/** Dropout at the rates of a configuration; a rate of 0 drops nothing and feeds nothing. */
export function fedDropout(
  config: EncoderConfig,
  random: Random,
  { hidden: hiddenRate, attention: attentionRate } = config.dropout,
): FedDropout {
  const inputs: DropoutInput[] = []
  const fed = (place: string, shape: readonly Dim[]): Value => {
    const name = `dropout.${place}`
    inputs.push({ name, shape })
    return input(name, shape, 'int32')
  }
  const hiddenBank = bank(config.hidden, hiddenRate, random.fork('hidden'))
  const attentionBank = slice(bank(maxTokensOf(config), attentionRate, random.fork('attention')), {
    axis: 1,
    start: 0,
    end: T,
  })
  return {
    hidden: (x, place) => (hiddenRate === 0 ? x : dropRows(x, hiddenBank, fed(place, x.shape.slice(0, -1)))),
    attention: (place) =>
      attentionRate === 0 ? undefined : gather(attentionBank, fed(place, [B, config.heads, T])),
    inputs: () => inputs,
  }
}

/** Rows of 0 and 1 / (1 − rate). */
function bank(width: number, rate: number, random: Random): Value {
  const kept = 1 / (1 - rate)
  const factors = Float32Array.from({ length: dropoutKinds * width }, () => (random.next() < rate ? 0 : kept))
  return constant(factors, [dropoutKinds, width])
}

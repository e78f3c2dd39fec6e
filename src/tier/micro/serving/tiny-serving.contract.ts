// Serving of a tiny base that says what is opened, loaded and asked, and what specialists on it are made of, for tests.
import type { Random } from '../../../base/random.ts'
import type { Value } from '../../../graph/value.ts'
import { frameText } from '../../../model/encoder/framing.ts'
import { headLogits } from '../../../model/encoder/heads.ts'
import type { StoredTensor } from '../../../model/weights/tensor-source.ts'
import type { Runtime, Session, Tensors } from '../../../runtime/runtime.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { createMicroServing, type MicroServing } from './serving.ts'

const { config, tokenizer, digest } = tinyBase()

/** How specialists name the base. */
export const base = { name: 'tiny', digest }

/** Labels of a head over vectors. */
export const labels = 3

/** The logits of such a head. */
export const outputs = (vector: Value) => ({
  logits: headLogits(vector, { name: 'head', from: config.hidden, to: labels }),
})

/** Framed texts of different lengths. */
export const texts = [
  'please help with my card',
  'loan',
  'what is the weather on the cancel number 12345',
].map((text) => frameText(tokenizer, text, 64))

/** A tensor of random numbers around one. */
export function randomTensor(
  random: Random,
  shape: readonly number[],
  { middle = 0, spread }: { readonly middle?: number; readonly spread: number },
): StoredTensor {
  const length = shape.reduce((product, size) => product * size, 1)
  return { shape, data: Float32Array.from({ length }, () => middle + spread * random.normal()) }
}

/** Serving, and how often the base was opened and sessions were loaded and are held; `onRun` hears of every run. */
export function countedServing(
  runtime: Runtime,
  onRun: (session: Session, inputs: Tensors) => void = () => {},
): {
  readonly counts: { opened: number; loaded: number; held: number }
  readonly serving: MicroServing
} {
  const counts = { opened: 0, loaded: 0, held: 0 }
  const counting: Runtime = {
    ...runtime,
    load: async (source, options) => {
      const session = await runtime.load(source, options)
      counts.loaded++
      counts.held++
      return {
        ...session,
        run: (inputs, runOptions) => {
          onRun(session, inputs)
          return session.run(inputs, runOptions)
        },
        release: async () => {
          counts.held--
          await session.release()
        },
      }
    },
  }
  const openBase = async () => {
    counts.opened++
    return tinyBase()
  }
  return { counts, serving: createMicroServing({ openBase, runtime: counting, threads: 1 }) }
}

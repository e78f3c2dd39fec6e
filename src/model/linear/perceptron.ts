// One hidden layer over a text's embedding: `W2 · relu(W1 · x)`, biases as a constant last input of each layer.
// The part of the nano tier that carries over from one word to another of like meaning.
import { type DenseMemory, paddedLength } from './dense-memory.ts'

/** Sizes, in numbers; the padded ones are multiples of a vector block and include the constant input. */
export interface PerceptronShape {
  readonly inputs: number
  readonly hidden: number
  readonly classes: number
  readonly paddedInputs: number
  readonly paddedHidden: number
}

/** Weights as they are kept: `first` is H x paddedInputs, `second` C x paddedHidden, both by rows. */
export interface PerceptronWeights {
  readonly shape: PerceptronShape
  /** What is taken off each input, and what it is then multiplied by: D each. */
  readonly shift: Float32Array
  readonly scale: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
}

/** The sizes of a perceptron over `inputs` numbers. */
export function perceptronShape(inputs: number, hidden: number, classes: number): PerceptronShape {
  return {
    inputs,
    hidden,
    classes,
    paddedInputs: paddedLength(inputs + 1),
    paddedHidden: paddedLength(hidden + 1),
  }
}

/** A perceptron placed in a memory, ready to run. */
export interface Perceptron {
  /** C logits of an embedding; the array is written over by the next call on the same memory. */
  logits(embedding: Float32Array): Float32Array
  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void
}

/** Places weights in a memory that many perceptrons may share. */
export function placePerceptron(memory: DenseMemory, weights: PerceptronWeights): Perceptron {
  const { shape, shift, scale } = weights
  const { inputs, hidden, classes, paddedInputs, paddedHidden } = shape
  const first = memory.place(weights.first)
  const second = memory.place(weights.second)
  const work = memory.workspace(paddedInputs + paddedHidden + classes)
  const activations = work + paddedInputs * 4
  const out = activations + paddedHidden * 4
  return {
    logits(embedding) {
      const { kernels } = memory
      const input = memory.view(work, paddedInputs)
      for (let d = 0; d < inputs; d++) input[d] = (embedding[d]! - shift[d]!) * scale[d]!
      input.fill(0, inputs)
      input[inputs] = 1
      kernels.multiply(activations, first, work, hidden, paddedInputs)
      const hiddenValues = memory.view(activations, paddedHidden)
      for (let j = 0; j < hidden; j++) if (hiddenValues[j]! < 0) hiddenValues[j] = 0
      hiddenValues.fill(0, hidden)
      hiddenValues[hidden] = 1
      kernels.multiply(out, second, activations, classes, paddedHidden)
      return memory.view(out, classes)
    },
    dispose() {
      memory.release(first, weights.first.length)
      memory.release(second, weights.second.length)
    },
  }
}

// One hidden layer over a text's embedding, `W2 · relu(W1 · x + b1) + b2`. The part of the nano tier that carries
// over from one word to another of like meaning.
import { type DenseLayer, placeLayer } from './dense-layer.ts'
import type { DenseMemory } from './dense-memory.ts'

/** The two layers: H x D and C x H, columns padded with zeros to whole blocks. */
export interface PerceptronWeights {
  readonly first: DenseLayer
  readonly second: DenseLayer
}

/** A perceptron placed in a memory, ready to run. */
export interface Perceptron {
  /** C logits of an embedding; the array is written over by the next call. */
  logits(embedding: Float32Array): Float32Array
  /** Bytes held. */
  readonly sizeBytes: number
  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void
}

/** Places weights in a memory that many perceptrons may share. */
export function placePerceptron(memory: DenseMemory, { first, second }: PerceptronWeights): Perceptron {
  const layers = [placeLayer(memory, first), placeLayer(memory, second)] as const
  const hidden = new Float32Array(first.biases.length)
  const out = new Float32Array(second.biases.length)
  return {
    sizeBytes: layers[0].sizeBytes + layers[1].sizeBytes,
    logits(embedding) {
      layers[0].run(embedding, hidden)
      for (let j = 0; j < hidden.length; j++) if (hidden[j]! < 0) hidden[j] = 0
      layers[1].run(hidden, out)
      return out
    },
    dispose() {
      for (const layer of layers) layer.dispose()
    },
  }
}

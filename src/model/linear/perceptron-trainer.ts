// Trains a perceptron over embeddings: Adagrad on batches of 16, dropout on the hidden units (Srivastava 2014).
import type { Random } from '../../base/random.ts'
import { createDenseMemory, type DenseMemory, paddedLength } from './dense-memory.ts'
import { type PerceptronShape, type PerceptronWeights, perceptronShape } from './perceptron.ts'
import { softmaxInPlace } from './softmax.ts'

/** What is learned from: N embeddings of D numbers, by rows, with class and weight of each. */
export interface DenseTask {
  readonly embeddings: Float32Array
  readonly dimensions: number
  readonly classes: Int32Array
  readonly weights: Float32Array
  readonly classCount: number
}

/** Training state that can go on epoch by epoch. */
export interface PerceptronTrainer {
  /** One pass over the rows in random order; `tick` is called now and then with the share done. */
  epoch(random: Random, tick: (share: number) => void): void
  /** Logits of any embeddings, M x C. */
  logits(embeddings: Float32Array): Float32Array
  /** A copy of the weights so far. */
  weights(): PerceptronWeights
}

export const hiddenUnits = 127 // one less than whole blocks: the bias is the last
const rate = 0.02
const dropout = 0.3
const batchRows = 16
const firstSquare = 1e-2
const smallestGradient = 1e-3
const rowsBetweenTicks = 512

/** A perceptron with random first and zero second layer, and what trains it. */
export function createPerceptronTrainer(task: DenseTask, random: Random): PerceptronTrainer {
  const shape = perceptronShape(task.dimensions, hiddenUnits, task.classCount)
  const standard = standardise(task)
  const memory = createDenseMemory()
  const layers = placeLayers(memory, shape, random)
  const order = Int32Array.from(task.classes.keys())
  const run = createPasses(memory, shape, layers, standard)

  function epoch(stream: Random, tick: (share: number) => void): void {
    stream.shuffle(order)
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!
      const logits = run.forward(task.embeddings, row, stream)
      softmaxInPlace(logits)
      logits[task.classes[row]!]! -= 1
      for (let c = 0; c < logits.length; c++) {
        const value = logits[c]!
        logits[c] = Math.abs(value) < smallestGradient ? 0 : value * task.weights[row]!
      }
      run.backward()
      if (i % batchRows === batchRows - 1 || i === order.length - 1) run.step()
      if (i % rowsBetweenTicks === 0) tick(i / order.length)
    }
  }

  return {
    epoch,
    logits(embeddings) {
      const count = embeddings.length / shape.inputs
      const out = new Float32Array(count * shape.classes)
      for (let i = 0; i < count; i++) out.set(run.forward(embeddings, i), i * shape.classes)
      return out
    },
    weights: () => ({
      shape,
      ...standard,
      first: memory.view(layers.first.values, shape.hidden * shape.paddedInputs).slice(),
      second: memory.view(layers.second.values, shape.classes * shape.paddedHidden).slice(),
    }),
  }
}

/** Mean and inverse deviation of each input, so that one step size suits all. */
function standardise({ embeddings, dimensions }: DenseTask): { shift: Float32Array; scale: Float32Array } {
  const count = Math.max(1, embeddings.length / dimensions)
  const sums = new Float64Array(dimensions)
  const squares = new Float64Array(dimensions)
  for (let i = 0; i < embeddings.length; i++) {
    sums[i % dimensions]! += embeddings[i]!
    squares[i % dimensions]! += embeddings[i]! ** 2
  }
  const shift = Float32Array.from(sums, (sum) => sum / count)
  const scale = Float32Array.from(
    squares,
    (square, d) => 1 / Math.sqrt(Math.max(1e-6, square / count - shift[d]! ** 2)),
  )
  return { shift, scale }
}

/** Addresses of a layer's numbers. */
interface Layer {
  readonly values: number
  readonly squares: number
  readonly gradient: number
  readonly floats: number
}

interface Layers {
  readonly first: Layer
  readonly second: Layer
}

function placeLayers(memory: DenseMemory, shape: PerceptronShape, random: Random): Layers {
  const { inputs, hidden, classes, paddedInputs, paddedHidden } = shape
  const first = new Float32Array(hidden * paddedInputs)
  const spread = Math.sqrt(3 / inputs)
  for (let j = 0; j < hidden; j++) {
    for (let d = 0; d < inputs; d++) first[j * paddedInputs + d] = (random.next() * 2 - 1) * spread
  }
  const place = (values: Float32Array): Layer => ({
    values: memory.place(values),
    squares: memory.place(new Float32Array(values.length).fill(firstSquare)),
    gradient: memory.allocate(values.length),
    floats: values.length,
  })
  return { first: place(first), second: place(new Float32Array(classes * paddedHidden)) }
}

interface Passes {
  /** Logits of a row, in place for {@link backward}; units are dropped where a random stream is given. */
  forward(embeddings: Float32Array, row: number, random?: Random): Float32Array
  /** Adds the gradient of the last row; its logits must hold the gradient of the loss by then. */
  backward(): void
  /** Takes a step along the gradients added so far. */
  step(): void
}

function createPasses(
  memory: DenseMemory,
  shape: PerceptronShape,
  { first, second }: Layers,
  { shift, scale }: Pick<PerceptronWeights, 'shift' | 'scale'>,
): Passes {
  const { inputs, hidden, classes, paddedInputs, paddedHidden } = shape
  const input = memory.allocate(paddedInputs)
  const units = memory.allocate(paddedHidden)
  const out = memory.allocate(classes)
  const back = memory.allocate(paddedHidden)
  // Nothing is allocated any more: the views stay valid.
  const inputView = memory.view(input, paddedInputs)
  const unitsView = memory.view(units, paddedHidden)
  const backView = memory.view(back, paddedHidden)
  const outView = memory.view(out, classes)
  const { kernels } = memory
  const keptScale = 1 / (1 - dropout)
  return {
    forward(embeddings, row, random) {
      for (let d = 0; d < inputs; d++) inputView[d] = (embeddings[row * inputs + d]! - shift[d]!) * scale[d]!
      inputView[inputs] = 1
      kernels.multiply(units, first.values, input, hidden, paddedInputs)
      for (let j = 0; j < hidden; j++) {
        const value = unitsView[j]!
        const dropped = value <= 0 || (random !== undefined && random.next() < dropout)
        unitsView[j] = dropped ? 0 : random ? value * keptScale : value
      }
      unitsView[hidden] = 1
      kernels.multiply(out, second.values, units, classes, paddedHidden)
      return outView
    },
    backward() {
      kernels.addOuter(second.gradient, out, units, classes, paddedHidden)
      backView.fill(0)
      kernels.multiplyTransposed(back, second.values, out, classes, paddedHidden)
      for (let j = 0; j < hidden; j++) backView[j] = unitsView[j] === 0 ? 0 : backView[j]! * keptScale
      kernels.addOuter(first.gradient, back, input, hidden, paddedInputs)
    },
    step() {
      kernels.adagrad(first.values, first.squares, first.gradient, rate, paddedLength(first.floats))
      kernels.adagrad(second.values, second.squares, second.gradient, rate, paddedLength(second.floats))
    },
  }
}

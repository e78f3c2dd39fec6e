// Trains a perceptron over embeddings: Adagrad on batches of 16, dropout on the hidden units (Srivastava 2014).
import type { Random } from '../../base/random.ts'
import type { DenseLayer } from './dense-layer.ts'
import { createDenseMemory, type DenseMemory, paddedLength } from './dense-memory.ts'
import type { PerceptronWeights } from './perceptron.ts'
import { quantiseRows } from './quantised.ts'
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

/** How a perceptron is made and trained; its hidden units are one less than whole blocks, since the bias is the last. */
interface Settings {
  readonly hidden: number
  /** Adagrad's step size. */
  readonly rate: number
  /** Share of hidden units left out at each row. */
  readonly dropout: number
}

const settings = {
  usual: { hidden: 255, rate: 0.02, dropout: 0.3 },
  // A quarter of the time a row, and steps small enough for stopping to fall between epochs, not inside the first.
  manyRows: { hidden: 127, rate: 0.007, dropout: 0.3 },
  manyClasses: { hidden: 511, rate: 0.02, dropout: 0.5 },
} as const satisfies Record<string, Settings>
const manyRows = 20_000
const manyClasses = 100
const batchRows = 16
const firstSquare = 1e-2
const smallestGradient = 1e-3
const rowsBetweenTicks = 512

/** A perceptron with random first and zero second layer, and what trains it. */
export function createPerceptronTrainer(task: DenseTask, random: Random): PerceptronTrainer {
  const chosen = settings[sizeOf(task)]
  const shape = shapeOf(task.dimensions, chosen.hidden, task.classCount)
  const standard = standardise(task)
  const memory = createDenseMemory()
  const layers = placeLayers(memory, shape, random)
  const order = Int32Array.from(task.classes.keys())
  const run = createPasses(memory, shape, layers, { ...standard, ...chosen })

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
    weights: () => exportWeights(memory, shape, layers, standard),
  }
}

function sizeOf({ classes, classCount }: DenseTask): keyof typeof settings {
  if (classes.length > manyRows) return 'manyRows'
  return classCount > manyClasses ? 'manyClasses' : 'usual'
}

/** Sizes, in numbers; the padded ones are multiples of a block and include the constant input that biases hang on. */
interface Shape {
  readonly inputs: number
  readonly hidden: number
  readonly classes: number
  readonly paddedInputs: number
  readonly paddedHidden: number
}

function shapeOf(inputs: number, hidden: number, classes: number): Shape {
  return {
    ...{ inputs, hidden, classes },
    paddedInputs: paddedLength(inputs + 1),
    paddedHidden: paddedLength(hidden + 1),
  }
}

/** What is taken off the inputs, and what they are then multiplied by. */
interface Standard {
  readonly shift: Float32Array
  readonly scale: number
}

/**
 * Mean of each input, and one factor that brings their mean square to 1. No factor for each input: the table's
 * dimensions are principal axes, and making the small ones large costs accuracy.
 */
function standardise({ embeddings, dimensions }: DenseTask): Standard {
  const count = Math.max(1, embeddings.length / dimensions)
  const sums = new Float64Array(dimensions)
  for (let i = 0; i < embeddings.length; i++) sums[i % dimensions]! += embeddings[i]!
  const shift = Float32Array.from(sums, (sum) => sum / count)
  let squares = 0
  for (let i = 0; i < embeddings.length; i++) squares += (embeddings[i]! - shift[i % dimensions]!) ** 2
  return { shift, scale: 1 / Math.sqrt(Math.max(1e-6, squares / Math.max(1, embeddings.length))) }
}

/** Addresses of a layer's numbers. */
interface Layer {
  readonly values: number
  readonly squares: number
  readonly gradient: number
  readonly count: number
}

interface Layers {
  readonly first: Layer
  readonly second: Layer
}

function placeLayers(memory: DenseMemory, shape: Shape, random: Random): Layers {
  const { inputs, hidden, classes, paddedInputs, paddedHidden } = shape
  const first = new Float32Array(hidden * paddedInputs)
  const spread = Math.sqrt(3 / inputs)
  for (let j = 0; j < hidden; j++) {
    for (let d = 0; d < inputs; d++) first[j * paddedInputs + d] = (random.next() * 2 - 1) * spread
  }
  const place = (values: Float32Array): Layer => ({
    values: memory.place(values),
    squares: memory.place(new Float32Array(values.length).fill(firstSquare)),
    gradient: memory.allocate(values.byteLength),
    count: values.length,
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
  shape: Shape,
  { first, second }: Layers,
  { shift, scale, rate, dropout }: Standard & Settings,
): Passes {
  const { inputs, hidden, classes, paddedInputs, paddedHidden } = shape
  const [input, units] = [memory.allocate(paddedInputs * 4), memory.allocate(paddedHidden * 4)]
  const [out, back] = [memory.allocate(classes * 4), memory.allocate(paddedHidden * 4)]
  const buffer = memory.buffer() // nothing is allocated any more: the views stay valid
  const inputView = new Float32Array(buffer, input, paddedInputs)
  const unitsView = new Float32Array(buffer, units, paddedHidden)
  const backView = new Float32Array(buffer, back, paddedHidden)
  const outView = new Float32Array(buffer, out, classes)
  const { kernels } = memory
  const keptScale = 1 / (1 - dropout)
  return {
    forward(embeddings, row, random) {
      for (let d = 0; d < inputs; d++) inputView[d] = (embeddings[row * inputs + d]! - shift[d]!) * scale
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
      kernels.adagrad(first.values, first.squares, first.gradient, rate, first.count)
      kernels.adagrad(second.values, second.squares, second.gradient, rate, second.count)
    },
  }
}

/** The weights so far in eight bits, with what {@link Standard} does folded into the first layer. */
function exportWeights(
  memory: DenseMemory,
  { inputs, hidden, classes, paddedInputs, paddedHidden }: Shape,
  layers: Layers,
  { shift, scale }: Standard,
): PerceptronWeights {
  const buffer = memory.buffer()
  const first = splitLayer(
    new Float32Array(buffer, layers.first.values, hidden * paddedInputs),
    paddedInputs,
    inputs,
  )
  for (let j = 0; j < hidden; j++) {
    for (let d = 0; d < inputs; d++) {
      const at = j * first.columns + d
      first.matrix[at]! *= scale
      first.biases[j]! -= first.matrix[at]! * shift[d]!
    }
  }
  const second = splitLayer(
    new Float32Array(buffer, layers.second.values, classes * paddedHidden),
    paddedHidden,
    hidden,
  )
  return { first: quantised(first), second: quantised(second) }
}

interface SplitLayer {
  readonly matrix: Float32Array
  readonly columns: number
  readonly biases: Float32Array
}

const quantised = ({ matrix, columns, biases }: SplitLayer): DenseLayer => ({
  weights: quantiseRows(matrix, columns),
  biases,
})

/** Takes the biases, which stand behind `inputs` weights in each row, out of a layer. */
function splitLayer(layer: Float32Array, width: number, inputs: number): SplitLayer {
  const rows = layer.length / width
  const columns = paddedLength(inputs)
  const matrix = new Float32Array(rows * columns)
  const biases = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    matrix.set(layer.subarray(row * width, row * width + inputs), row * columns)
    biases[row] = layer[row * width + inputs]!
  }
  return { matrix, columns, biases }
}

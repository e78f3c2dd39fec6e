/**
 * A training of a model of one idea for tests: pred = mean(w) · Σ x over a row's positions, squared error, momentum 0.9.
 * Several steps in one ONNX Loop, as the real ones.
 */
import { seededRandom } from '../../base/random.ts'
import type { TrainingModel } from '../../onnx/lower-training.ts'
import {
  bodyAttribute,
  type TinyNode,
  type TinyValue,
  tinyIntegers,
  tinyModel,
  tinyTensor,
} from '../tiny-onnx.contract.ts'
import { planBatches } from './batches.ts'
import type { TrainingRun } from './training-run.ts'

export interface TinyOptions {
  /** Length of w, which makes the state and the checkpoints large. */
  readonly width?: number
  readonly rows?: number
  readonly epochs?: number
  readonly batchRows?: number
  readonly dropout?: number
  readonly seed?: number
}

/** A run whose loss falls, on rows made from the seed. */
export function tinyRun(options: TinyOptions = {}): TrainingRun {
  const { width = 8, rows = 40, epochs = 3, batchRows = 4, dropout = 0.1, seed = 0 } = options
  const random = seededRandom(seed).fork('rows')
  const lengths = Int32Array.from({ length: rows }, () => 1 + random.below(30))
  const starts = new Int32Array(rows + 1)
  for (const [row, length] of lengths.entries()) starts[row + 1] = starts[row]! + length
  const x = Float32Array.from({ length: starts[rows]! }, () => 0.1 * random.normal())
  const y = Float32Array.from(
    lengths,
    (_, row) => 2 * x.subarray(starts[row], starts[row + 1]).reduce((sum, value) => sum + value, 0),
  )
  return {
    name: 'tiny',
    model: tinyTrainingModel(width),
    start: new Map([['w', new Float32Array(width).fill(0.5)]]),
    batches: planBatches(lengths, { seed, epochs, rows: batchRows }),
    columns: [
      { kind: 'ragged', name: 'x', data: x, starts, pad: 0 },
      { kind: 'dropout', name: 'keep', rate: dropout },
      { kind: 'fixed', name: 'y', data: y },
    ],
    schedule: { learningRate: (step, steps) => 0.05 * (1 - step / steps) },
    seed,
    activationBytes: ({ batch, time }) => 4 * batch * time * 4,
  }
}

/** The model of such a run. */
export function tinyTrainingModel(width: number): TrainingModel {
  const state = [
    { name: 'w', shape: [width], start: 'parameter' },
    { name: 'm', shape: [width], start: 'zeros' },
  ] as const
  const batch = [
    { name: 'x', shape: ['batch', 'time'], dtype: 'float32' },
    { name: 'keep', shape: ['batch', 'time'], dtype: 'float32' },
    { name: 'y', shape: ['batch', 1], dtype: 'float32' },
  ] as const
  const schedule = ['learningRate']
  const float = (name: string, shape: TinyValue['shape']): TinyValue => ({ name, type: 'float32', shape })
  const bytes = tinyModel({
    nodes: [
      { op: 'Shape', inputs: ['learningRate'], outputs: ['trips'] },
      { op: 'Squeeze', inputs: ['trips'], outputs: ['trip'] },
      {
        op: 'Loop',
        inputs: ['trip', '', 'w', 'm'],
        outputs: ['w.next', 'm.next', 'loss'],
        attributes: [bodyAttribute(loopBody(width))],
      },
    ],
    inputs: [
      ...state.map(({ name, shape }) => float(name, shape)),
      ...batch.map(({ name, shape }) => float(name, ['steps', ...shape])),
      ...schedule.map((name) => float(name, ['steps'])),
    ],
    outputs: [...state.map(({ name, shape }) => float(`${name}.next`, shape)), float('loss', ['steps'])],
    initializers: [tinyIntegers('axis', [1]), tinyTensor('decay', [1], { data: Float32Array.of(0.9) })],
  })
  return { bytes, state, batch, schedule, reports: ['loss'], accumulates: false }
}

function loopBody(width: number) {
  const float = (name: string, shape: TinyValue['shape']): TinyValue => ({ name, type: 'float32', shape })
  const steps: readonly (readonly [output: string, op: string, ...inputs: string[]])[] = [
    ['go.next', 'Identity', 'go'],
    ...['x', 'keep', 'y', 'learningRate'].map((name) => [`${name}_`, 'Gather', name, 'i'] as const),
    ['kept', 'Mul', 'x_', 'keep_'],
    ['s', 'ReduceSum', 'kept', 'axis'],
    ['mean', 'ReduceMean', 'w.in'],
    ['pred', 'Mul', 's', 'mean'],
    ['d', 'Sub', 'pred', 'y_'],
    ['squares', 'Mul', 'd', 'd'],
    ['loss.kept', 'ReduceMean', 'squares'],
    ['loss.out', 'Squeeze', 'loss.kept'],
    ['slopes', 'Mul', 'd', 's'],
    ['slope.kept', 'ReduceMean', 'slopes'],
    ['slope', 'Squeeze', 'slope.kept'],
    ['m.old', 'Mul', 'm.in', 'decay'],
    ['m.out', 'Add', 'm.old', 'slope'],
    ['w.change', 'Mul', 'm.out', 'learningRate_'],
    ['w.out', 'Sub', 'w.in', 'w.change'],
  ]
  const nodes = steps.map(([output, op, ...inputs]): TinyNode => ({ op, inputs, outputs: [output] }))
  return {
    nodes,
    inputs: [
      { name: 'i', type: 'int64', shape: [] },
      { name: 'go', type: 'bool', shape: [] },
      float('w.in', [width]),
      float('m.in', [width]),
    ],
    outputs: [
      { name: 'go.next', type: 'bool', shape: [] },
      float('w.out', [width]),
      float('m.out', [width]),
      float('loss.out', []),
    ],
  } as const
}

// Trains linear heads on the vectors of a frozen encoder, several at once: the one for all rows, and one for each fold
// of rows held aside. The vectors are computed once, so that a step is a few multiplications.
import { type Random, seededRandom } from '../../base/random.ts'
import { crossEntropy, sigmoidCrossEntropy } from '../../graph/losses.ts'
import { add, input, mul, reduceSum, scale } from '../../graph/ops.ts'
import { adamW } from '../../graph/optimizer.ts'
import { learningRateAt } from '../../graph/schedule.ts'
import { stepGraph } from '../../graph/training-step.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderConfig } from '../../model/encoder/encoder-config.ts'
import { headLogits, type LinearHead } from '../../model/encoder/heads.ts'
import { graphParameters } from '../../model/encoder/parameters.ts'
import { lowerTraining } from '../../onnx/lower-training.ts'
import { activationBytes } from '../../runtime/training/activations.ts'
import { planBatches } from '../../runtime/training/batches.ts'
import { type TrainModelOptions, trainModel } from '../../runtime/training/train-model.ts'
import type { HeadRecipe } from './recipe.ts'

/** Vectors with their targets. */
export interface HeadRows {
  /** [rows, width]. */
  readonly features: Float32Array
  readonly width: number
  /** [rows, labels]. */
  readonly targets: Float32Array
  readonly labels: number
  /** True: each label is there or not, by itself. */
  readonly multiple: boolean
}

/** A head's numbers: weight [labels, width], bias [labels]. */
export interface HeadWeights {
  readonly weight: Float32Array
  readonly bias: Float32Array
}

/** Trains one head for each list of row weights (0: the row is not learnt from). */
export async function trainHeads(
  rows: HeadRows,
  rowWeights: readonly Float32Array[],
  recipe: HeadRecipe,
  { seed, ...options }: TrainModelOptions & { readonly seed: number },
): Promise<readonly HeadWeights[]> {
  const { features, width, targets } = rows
  const count = features.length / width
  const heads = rowWeights.map((_, i) => ({ name: `head.${i}`, from: width, to: rows.labels }))
  const loss = headsLoss(
    rows,
    heads.map((head, i) => ({ head, penalty: 1 / (2 * recipe.cost * sumOf(rowWeights[i]!)) })),
  )
  const step = {
    loss,
    trained: [...graphParameters([loss]).values()].map((parameter) => ({ parameter, weightDecay: 0 })),
    optimizer: adamW,
  }
  const { state, reports } = stepGraph(step)
  const roots = [...state.map(({ after }) => after), ...Object.values(reports)]
  const batchRows = Math.min(count, recipe.batchRows)
  const stepsPerEpoch = Math.ceil(count / batchRows)
  const { tensors } = await trainModel(
    {
      name: 'the head',
      model: lowerTraining(step, new Map()),
      start: startingHeads(heads, seededRandom(seed).fork('head')),
      batches: planBatches(new Int32Array(count).fill(1), {
        ...{ seed, rows: batchRows, width: 1, run: 16 },
        epochs: Math.ceil(recipe.steps / stepsPerEpoch),
      }),
      columns: [
        { kind: 'fixed', name: 'features', data: features },
        { kind: 'fixed', name: 'targets', data: targets },
        ...rowWeights.map((weights, i) => ({ kind: 'share', name: `share.${i}`, weights }) as const),
      ],
      schedule: {
        learningRate: (at, steps) =>
          learningRateAt({ kind: 'cosine', peak: recipe.learningRate, warmupSteps: 0, steps }, at),
      },
      seed,
      activationBytes: (axes) => activationBytes(roots, axes),
    },
    options,
  )
  return heads.map(({ name }) => ({
    weight: tensors.get(`${name}.weight`)!,
    bias: tensors.get(`${name}.bias`)!,
  }))
}

interface PenalisedHead {
  readonly head: LinearHead
  readonly penalty: number
}

/** The sum of all heads' losses; head i learns from the rows that `share.i` says. */
function headsLoss({ width, labels, multiple }: HeadRows, heads: readonly PenalisedHead[]): Value {
  const features = input('features', ['batch', width])
  const targets = input('targets', ['batch', labels])
  const lossOf = multiple ? sigmoidCrossEntropy : crossEntropy
  const losses = heads.map(({ head, penalty }, i) => {
    const logits = headLogits(features, head)
    const weight = graphParameters([logits]).get(`${head.name}.weight`)!
    const fit = lossOf(logits, targets, input(`share.${i}`, ['batch']))
    return add(fit, scale(reduceSum(mul(weight, weight), [0, 1]), penalty))
  })
  return losses.reduce((sum, next) => add(sum, next))
}

function startingHeads(heads: readonly LinearHead[], random: Random): ReadonlyMap<string, Float32Array> {
  return new Map(
    heads.flatMap(({ name, from, to }) => [
      [`${name}.weight`, Float32Array.from({ length: from * to }, () => 0.02 * random.normal())] as const,
      [`${name}.bias`, new Float32Array(to)] as const,
    ]),
  )
}

function sumOf(weights: Float32Array): number {
  return weights.reduce((sum, weight) => sum + weight, 0) || 1
}

/** Logits [rows, labels] of vectors [rows, width]. */
export function headLogitsOf(
  { weight, bias }: HeadWeights,
  features: Float32Array,
  rows: Int32Array,
): Float32Array {
  const labels = bias.length
  const width = weight.length / labels
  const logits = new Float32Array(rows.length * labels)
  rows.forEach((row, i) => {
    for (let label = 0; label < labels; label++) {
      let sum = bias[label]!
      for (let unit = 0; unit < width; unit++)
        sum += weight[label * width + unit]! * features[row * width + unit]!
      logits[i * labels + label] = sum
    }
  })
  return logits
}

/** The head of a classifier over the vectors of an encoder. */
export function classifierHead({ hidden }: Pick<EncoderConfig, 'hidden'>, labels: number): LinearHead {
  return { name: 'head', from: hidden, to: labels }
}

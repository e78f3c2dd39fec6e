/** What a person is told while a model trains. */
import type { Progress } from '../../base/progress.ts'
import type { Batch } from './batches.ts'
import type { ChunkMessage, ReadyMessage } from './job.ts'
import { tokensOf } from './steps.ts'

export interface TrainingProgressOptions {
  readonly run: {
    readonly batches: readonly Batch[]
    readonly schedule: Readonly<Record<string, (step: number, steps: number) => number>>
  }
  readonly steps: number
  readonly ready: ReadyMessage
  readonly progress: Progress | undefined
}

/** Tells steps, loss, learning rate, tokens a second and the time that is left after each chunk. */
export function createTrainingProgress({
  run,
  steps,
  ready,
  progress,
}: TrainingProgressOptions): (chunk: ChunkMessage) => void {
  const tokensTo = cumulativeTokens(run.batches.slice(0, steps))
  let [seconds, tokens] = [0, 0]
  if (ready.damaged.length > 0)
    progress?.({
      stage: 'training',
      done: ready.resumed?.step ?? 0,
      total: steps,
      detail: `passed over damaged checkpoints: ${ready.damaged.join(', ')}`,
    })
  return (chunk) => {
    seconds += chunk.seconds
    tokens += chunk.tokens
    const leftSeconds = (tokensTo[steps]! - tokensTo[chunk.step]!) * (seconds / tokens)
    const rate = run.schedule['learningRate']?.(Math.max(0, chunk.step - 1), steps)
    const parts = [
      ...(chunk.loss === undefined ? [] : [`loss ${chunk.loss.toPrecision(4)}`]),
      ...(rate === undefined ? [] : [`learning rate ${rate.toExponential(1)}`]),
      `${Math.round(tokens / seconds).toLocaleString('en')} tokens/s`,
      `${Math.ceil(leftSeconds)} s left`,
    ]
    progress?.({ stage: 'training', done: chunk.step, total: steps, detail: parts.join(', ') })
  }
}

function cumulativeTokens(batches: readonly Batch[]): Float64Array {
  const sums = new Float64Array(batches.length + 1)
  for (const [i, batch] of batches.entries()) sums[i + 1] = sums[i]! + tokensOf(batch)
  return sums
}

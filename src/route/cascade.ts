/** Carries out what `decide.ts` decides: asks the specialists one after the other, and none that is not needed. */
import type { Prediction } from '../task/predictor.ts'
import type { TaskInput } from '../task/types.ts'
import type { CalibratedPredictor } from '../trust/calibrated-predictor.ts'
import { type Asked, type CallFacts, decide } from './decide.ts'
import type { Reason } from './reasons.ts'
import type { ServedSpecialist } from './specialist.ts'

/** Where a call goes, and what the specialists said on the way. */
export type Routed =
  | {
      readonly kind: 'local'
      readonly specialist: ServedSpecialist
      readonly prediction: Prediction
      readonly reason: 'certified'
      /** CPU time of the predictions; absent where one was made on another thread. */
      readonly cpuMs?: number
    }
  | {
      readonly kind: 'upstream'
      readonly reason: Reason
      /** What the last specialist that was asked said. */
      readonly confidence?: number
      /** CPU time of the predictions; absent where none was made, or one on another thread. */
      readonly cpuMs?: number
    }

export interface CascadeOptions {
  readonly signal?: AbortSignal
  /** A specialist that throws is told here and passed over; the call goes on. */
  readonly onFailure: (specialist: ServedSpecialist, cause: unknown) => void
}

interface Run {
  readonly facts: CallFacts
  readonly input: TaskInput | undefined
  readonly options: CascadeOptions
  readonly asked: Asked[]
  /** `undefined` once a prediction was made on another thread. */
  cpuMs: number | undefined
}

/** Routes a call; at once, without a promise, as long as the specialists that are asked answer inline. */
export function runCascade(
  facts: CallFacts,
  input: TaskInput | undefined,
  options: CascadeOptions,
): Routed | Promise<Routed> {
  return advance({ facts, input, options, asked: [], cpuMs: 0 })
}

function advance(run: Run): Routed | Promise<Routed> {
  for (;;) {
    const step = decide(run.facts, run.asked)
    if (step.kind === 'upstream') return goUpstream(run, step.reason)
    if (step.kind === 'answer') {
      const { specialist, prediction, reason } = step
      return { kind: 'local', specialist, prediction, reason, ...cpuOf(run) }
    }
    const inline = inlineFor(step.specialist.predictor, run.input!)
    if (!inline) return askLater(run, step.specialist, step.at)
    const before = performance.now()
    try {
      run.asked[step.at] = inline.predict(run.input!)
    } catch (cause) {
      run.asked[step.at] = 'failed'
      run.options.onFailure(step.specialist, cause)
    }
    if (run.cpuMs !== undefined) run.cpuMs += performance.now() - before
  }
}

async function askLater(run: Run, specialist: ServedSpecialist, at: number): Promise<Routed> {
  run.cpuMs = undefined
  const { signal } = run.options
  try {
    const [prediction] = await specialist.predictor.predict([run.input!], signal ? { signal } : {})
    run.asked[at] = prediction ?? 'failed'
  } catch (cause) {
    run.asked[at] = 'failed'
    run.options.onFailure(specialist, cause)
  }
  return advance(run)
}

function goUpstream(run: Run, reason: Reason): Routed {
  const said = run.asked.findLast((one) => one !== undefined)
  if (said === undefined) return { kind: 'upstream', reason }
  const confidence = said === 'failed' ? undefined : said.confidence
  return { kind: 'upstream', reason, ...cpuOf(run), ...(confidence !== undefined && { confidence }) }
}

function cpuOf(run: Run): { readonly cpuMs?: number } {
  return run.cpuMs === undefined ? {} : { cpuMs: run.cpuMs }
}

function inlineFor(predictor: CalibratedPredictor, input: TaskInput): CalibratedPredictor['inline'] {
  const { inline } = predictor
  return inline && lengthOf(input) <= inline.inlineLimit ? inline : undefined
}

/** UTF-16 units of an input. */
function lengthOf(input: TaskInput): number {
  switch (input.kind) {
    case 'text':
      return input.text.length
    case 'question':
      return input.question.length + input.context.length
    case 'chat':
      return input.messages.reduce((sum, message) => sum + message.content.length, 0)
  }
}

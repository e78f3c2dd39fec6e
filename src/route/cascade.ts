/** Carries out what `decide.ts` decides: asks the specialists one after the other, and none that is not needed. */
import type { Prediction } from '../task/predictor.ts'
import type { TaskInput } from '../task/types.ts'
import type { CalibratedPredictor } from '../trust/calibrated-predictor.ts'
import { type Asked, type AuditChance, type CallFacts, decide, type Step } from './decide.ts'
import type { Reason } from './reasons.ts'
import type { ServedSpecialist } from './specialist.ts'

/** Where a call goes, and what the specialists said on the way. */
export type Routed =
  | {
      readonly kind: 'local'
      readonly specialist: ServedSpecialist
      readonly prediction: Prediction
      readonly reason: 'certified'
      /** True: to be checked with the upstream afterwards; chosen with probability `auditRate`. */
      readonly audit: boolean
      readonly auditRate: number
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
  /** Told of everything that a specialist says, whether it answers then or not. */
  readonly onPrediction?: (specialist: ServedSpecialist, said: Prediction) => void
  /** Drawn anew for each call; without one no answer is audited. */
  readonly auditChance?: () => AuditChance | undefined
}

interface Run {
  readonly facts: CallFacts
  readonly input: TaskInput | undefined
  readonly options: CascadeOptions
  readonly asked: Asked[]
  readonly chance: AuditChance | undefined
  /** `undefined` once a prediction was made on another thread. */
  cpuMs: number | undefined
}

/** Routes a call; at once, without a promise, as long as the specialists that are asked answer inline. */
export function runCascade(
  facts: CallFacts,
  input: TaskInput | undefined,
  options: CascadeOptions,
): Routed | Promise<Routed> {
  return advance({ facts, input, options, asked: [], chance: options.auditChance?.(), cpuMs: 0 })
}

function advance(run: Run): Routed | Promise<Routed> {
  for (;;) {
    const step = decide(run.facts, run.asked, run.chance)
    if (step.kind === 'upstream') return goUpstream(run, step.reason)
    if (step.kind === 'answer') {
      const { specialist, prediction, reason, audit, auditRate } = step
      return { kind: 'local', specialist, prediction, reason, audit, auditRate, ...cpuOf(run) }
    }
    const inline = inlineFor(step.specialist.predictor, run.input!)
    if (!inline) return askLater(run, step)
    const before = performance.now()
    try {
      run.asked[step.at] = inline.predict(run.input!)
    } catch (cause) {
      run.asked[step.at] = 'failed'
      run.options.onFailure(step.specialist, cause)
    }
    if (run.cpuMs !== undefined) run.cpuMs += performance.now() - before
    tell(run, step)
  }
}

type Ask = Extract<Step, { kind: 'ask' }>

/** Passes on what was said, if anything was. */
function tell({ asked, options }: Run, { specialist, at }: Ask): void {
  const said = asked[at]
  if (said !== undefined && said !== 'failed') options.onPrediction?.(specialist, said)
}

async function askLater(run: Run, step: Ask): Promise<Routed> {
  const { specialist, at } = step
  run.cpuMs = undefined
  const { signal } = run.options
  const before = run.asked[at - 1]
  const earlier = before === undefined || before === 'failed' ? undefined : before.distribution
  try {
    const [prediction] = await specialist.predictor.predict([run.input!], {
      ...(signal && { signal }),
      ...(earlier && { earlier: [earlier] }),
    })
    run.asked[at] = prediction ?? 'failed'
  } catch (cause) {
    run.asked[at] = 'failed'
    run.options.onFailure(specialist, cause)
  }
  tell(run, step)
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

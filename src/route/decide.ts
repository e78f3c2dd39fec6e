/** The next step of a call: a pure decision from what is known so far. `cascade.ts` carries it out. */
import type { ModelName } from '../base/ids.ts'
import type { Prediction } from '../task/predictor.ts'
import type { Reason } from './reasons.ts'
import type { ServedSpecialist, ServedTask } from './specialist.ts'

/** What is known of a call before any specialist was asked. */
export interface CallFacts {
  /** Absent: the call belongs to no task. */
  readonly served?: ServedTask
  /** The request says `x-shoal-route: upstream`. */
  readonly insisted: boolean
  /** What in the request forbids a local answer whatever the confidence. */
  readonly obstacle?: Reason
  /** False where the task was named but its input could not be read from the prompt. */
  readonly hasInput: boolean
  /** The upstream model that the call would go to, where one is named. */
  readonly model?: ModelName
  /** False: the configuration switches local answers off. */
  readonly localAnswers: boolean
}

/** What asking a specialist gave: a prediction, or `failed`. */
export type Asked = Prediction | 'failed'

export type Step =
  | { readonly kind: 'ask'; readonly specialist: ServedSpecialist; readonly at: number }
  | {
      readonly kind: 'answer'
      readonly specialist: ServedSpecialist
      readonly prediction: Prediction
      readonly reason: 'certified'
    }
  | { readonly kind: 'upstream'; readonly reason: Reason }

/** Decides the next step; `asked[i]` is what the task's specialist `i` said, in the order they were asked. */
export function decide(facts: CallFacts, asked: readonly Asked[]): Step {
  const forbidden = reasonAgainst(facts)
  if (forbidden) return { kind: 'upstream', reason: forbidden }
  const specialists = facts.served?.specialists ?? []
  let reason: Reason = 'no-specialist'
  for (const [at, specialist] of specialists.entries()) {
    const unusable = reasonNotToAsk(specialist, facts.model)
    const said = asked[at]
    if (unusable) reason = unusable
    else if (said === undefined) return { kind: 'ask', specialist, at }
    else if (said === 'failed') reason = 'specialist-failed'
    else {
      const doubt = reasonToDoubt(specialist, said)
      if (doubt === undefined) return { kind: 'answer', specialist, prediction: said, reason: 'certified' }
      reason = doubt
    }
  }
  return { kind: 'upstream', reason }
}

/** Why no specialist may answer, whatever its confidence. */
function reasonAgainst(facts: CallFacts): Reason | undefined {
  if (facts.insisted) return 'insisted'
  if (facts.served === undefined) return 'no-task'
  if (!facts.localAnswers) return 'local-off'
  if (facts.served.task.paused) return 'paused'
  if (facts.obstacle) return facts.obstacle
  return facts.hasInput ? undefined : 'template-differs'
}

function reasonNotToAsk(specialist: ServedSpecialist, model: ModelName | undefined): Reason | undefined {
  const { threshold, holdsFor } = specialist.certificate
  if (threshold === undefined) return 'no-certificate'
  if (specialist.isVoid) return 'certificate-void'
  const isOther = holdsFor.upstream !== undefined && model !== undefined && holdsFor.upstream !== model
  return isOther ? 'other-model' : undefined
}

function reasonToDoubt(specialist: ServedSpecialist, said: Prediction): Reason | undefined {
  const { threshold, noveltyLimit } = specialist.certificate
  if (said.novelty > noveltyLimit) return 'novel'
  return threshold !== undefined && said.confidence >= threshold ? undefined : 'unsure'
}

/** The next step of a call: a pure decision from what is known so far. `cascade.ts` carries it out. */
import type { ModelName, SpecialistId } from '../base/ids.ts'
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

/** What decides whether a local answer is audited. */
export interface AuditChance {
  /** Uniform in [0, 1), drawn for this call. */
  readonly draw: number
  /** 0..1 by the version that is certified; those that are not in it are not audited. */
  readonly rates: ReadonlyMap<SpecialistId, number>
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
      /** True: the answer is checked with the upstream afterwards; it was chosen with probability `auditRate`. */
      readonly audit: boolean
      readonly auditRate: number
    }
  | { readonly kind: 'upstream'; readonly reason: Reason }

/**
 * Decides the next step; `asked[i]` is what the task's specialist `i` said, in the order they were asked.
 * Whether an answer is audited depends on the draw and the rate alone, so that audited calls are a fair sample.
 */
export function decide(facts: CallFacts, asked: readonly Asked[], chance: AuditChance = neverAudited): Step {
  const forbidden = reasonAgainst(facts)
  if (forbidden) return { kind: 'upstream', reason: forbidden }
  const specialists = facts.served?.specialists ?? []
  let reason: Reason = 'no-specialist'
  for (const [at, specialist] of specialists.entries()) {
    const unusable = reasonNotToAsk(specialist, facts.model)
    const said = asked[at]
    if (unusable) reason = unusable
    else if (said === undefined) return { kind: 'ask', specialist, at }
    // The certificate is about what the later ones are left: nobody knows what that is when an earlier one says nothing.
    else if (said === 'failed') return { kind: 'upstream', reason: 'specialist-failed' }
    else {
      const doubt = reasonToDoubt(specialist, said)
      if (doubt === undefined) return answerOf(specialist, said, chance)
      reason = doubt
    }
  }
  return { kind: 'upstream', reason }
}

const neverAudited: AuditChance = Object.freeze({ draw: 0, rates: new Map() })

function answerOf(specialist: ServedSpecialist, prediction: Prediction, chance: AuditChance): Step {
  const auditRate = chance.rates.get(specialist.certifiedAs) ?? 0
  const audit = chance.draw < auditRate
  return { kind: 'answer', specialist, prediction, reason: 'certified', audit, auditRate }
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
  const { threshold, noveltyLimit } = specialist.gate
  if (said.novelty > noveltyLimit) return 'novel'
  return threshold !== undefined && said.confidence >= threshold ? undefined : 'unsure'
}

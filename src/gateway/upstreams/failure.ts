/** How a try on one upstream can fail, and what that allows. */
import type { AppError } from '../../base/errors.ts'
import type { UpstreamAnswer } from '../upstream.ts'

export type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'broken-off'
  | 'limited'
  | 'status'
  | 'malformed'
  | 'key-refused'
  | 'busy'
  /** The client left, or another upstream was faster: nobody's fault. */
  | 'abandoned'

export interface Failure {
  readonly kind: FailureKind
  readonly error: AppError
  /** HTTP status, where the upstream gave one. */
  readonly status?: number
  /** The upstream's own words, where they can be passed on to the client as they are. */
  readonly answer?: UpstreamAnswer
  /** How long the upstream asks to be left alone. */
  readonly retryAfterMs?: number
  /** True where the upstream itself says that sending it again is of no use. */
  readonly isFinal?: boolean
}

export interface FailureRule {
  /** What it says of the upstream: `dead`, it does not answer; `ill`, it answers badly; `well`, it is there; `nothing`. */
  readonly says: 'dead' | 'ill' | 'well' | 'nothing'
  /** Whether the same upstream may be asked again. */
  readonly again: 'always' | 'idempotent' | 'never'
  /** False: the upstream may have acted on the request, so that only a call without consequences may go elsewhere. */
  readonly isUntaken: boolean
}

/** What each kind of failure allows. A call of a model has no consequences but its price; a created file has. */
export const failureRules: { readonly [Kind in FailureKind]: FailureRule } = {
  unreachable: { says: 'dead', again: 'always', isUntaken: true },
  timeout: { says: 'dead', again: 'never', isUntaken: false },
  'broken-off': { says: 'dead', again: 'idempotent', isUntaken: false },
  limited: { says: 'well', again: 'always', isUntaken: true },
  status: { says: 'ill', again: 'always', isUntaken: false },
  malformed: { says: 'ill', again: 'never', isUntaken: false },
  'key-refused': { says: 'ill', again: 'never', isUntaken: true },
  busy: { says: 'nothing', again: 'never', isUntaken: true },
  abandoned: { says: 'nothing', again: 'never', isUntaken: false },
}

/** A word or two on a failure, for the header and the log: never what the upstream wrote. */
export function briefly(failure: Failure): string {
  return failure.status === undefined ? failure.kind : `${failure.kind} ${failure.status}`
}

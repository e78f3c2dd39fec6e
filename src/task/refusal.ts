/** Why something could not be learned from calls: a value, since the caller decides whether it is an error. */

/** What stands in the way, for code; {@link Refusal.message} says it for people. */
export type RefusalReason =
  | 'too-few-calls'
  | 'too-few-prompts'
  | 'nothing-varies'
  | 'no-common-prompt'
  | 'one-answer'
  | 'no-common-answer'
  | 'kind-unclear'
  | 'kind-not-trainable'
  | 'not-in-input'

/** A text that was seen, shortened, and how often. */
export interface Seen {
  readonly text: string
  readonly count: number
}

/** What was got, what was expected, what to do; and what was seen, most frequent first. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly reason: RefusalReason
  readonly message: string
  readonly seen: readonly Seen[]
}

/** Turns the kept calls of one task into what training needs: template, kind, output space, rendering and examples. */
import type { Refusal, Seen } from './refusal.ts'
import type { OutputSpace, Prompt, PromptTemplate, Rendering, TaskInput, TaskKind } from './types.ts'

/** A call as the wire layer reduces it: what was asked, and the upstream's answer as it was written. */
export interface RawCall {
  readonly prompt: Prompt
  readonly answer: string
}

/** An input with the upstream's label, and which call (index into the calls given) it came from. */
export interface LabelledInput {
  readonly call: number
  readonly input: TaskInput
  readonly label: string
}

/** Calls that give no example: `other-shape` (roles, format or tools), `other-prompt`, `other-answer`, `rare-label`. */
export interface LeftOut {
  readonly reason: 'other-shape' | 'other-prompt' | 'other-answer' | 'rare-label'
  readonly count: number
  /** Some of them, shortened: prompts or answers. */
  readonly seen: readonly Seen[]
}

/** All that training needs to know of a task. */
export interface LearnedTask {
  readonly kind: 'learned'
  readonly taskKind: TaskKind
  readonly template: PromptTemplate
  readonly space: OutputSpace
  readonly rendering: Rendering
  readonly examples: readonly LabelledInput[]
  /** Reasons with counts; calls and examples differ by their sum. */
  readonly leftOut: readonly LeftOut[]
  /** Labels that the request's JSON schema lists and no answer had: they cannot be predicted. */
  readonly neverSeen: readonly string[]
}

export interface LearnTaskOptions {
  /** What the person said that the task is (`--kind`); decides where the answers leave it unclear. */
  readonly taskKind?: TaskKind
}

/** Learns a task from its calls, in the order they came; at least 20. */
export type LearnTask = (calls: readonly RawCall[], options?: LearnTaskOptions) => LearnedTask | Refusal

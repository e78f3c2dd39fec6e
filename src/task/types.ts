/** What a task is: its kind, its inputs and outputs, the prompt that recognises its calls, and the risk it allows. */
import type { ModelName, TaskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { FieldRendering } from './fields/field-rendering.ts'

export type TaskKind = 'classification' | 'extraction' | 'question-answering' | 'generation'

/** One message of a prompt, reduced to text; prompts with images or audio have no such form. */
export interface Message {
  readonly role: string
  readonly content: string
}

export type TaskInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'question'; readonly question: string; readonly context: string }
  | { readonly kind: 'chat'; readonly messages: readonly Message[] }

/** A piece of a text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly label?: string
  readonly text: string
}

export type TaskOutput =
  | { readonly kind: 'labels'; readonly labels: readonly string[] }
  | { readonly kind: 'spans'; readonly spans: readonly Span[] }
  /** Absent span: the answer is not in the context. `others`: further right answers, where people gave several. */
  | { readonly kind: 'answer'; readonly span?: Span; readonly others?: readonly Span[] }
  | { readonly kind: 'text'; readonly text: string; readonly json?: Json }

/** What the outputs of a task can be. */
export type OutputSpace =
  | { readonly kind: 'labels'; readonly labels: readonly string[]; readonly multiple: boolean }
  | { readonly kind: 'spans'; readonly labels: readonly string[] }
  | { readonly kind: 'answer' }
  | { readonly kind: 'text' }

/** What share of the local answers may be wrong, and how sure that must be. */
export interface RiskTarget {
  /** 0..1, share of local answers that may be wrong. */
  readonly risk: number
  /** 0..1, probability that the promise fails by bad luck of the sample. */
  readonly delta: number
}

/** A request reduced to what a template compares. */
export interface Prompt {
  readonly messages: readonly Message[]
  /** The request's `response_format`, absent for plain text. */
  readonly responseFormat?: Json
  /** The request's `tools`, absent where there are none. */
  readonly tools?: Json
}

/** A message as constants and slots in turn: `constants[0] slot constants[1] slot … constants[n]`. */
export interface TemplateMessage {
  readonly role: string
  /** One more than there are slots; a message without a slot has one constant, its whole text. */
  readonly constants: readonly string[]
  /** Names of the slots, in order; text kinds have one slot, `text`, in the whole template. */
  readonly slots: readonly string[]
  /** Slots that had only a few values, by name, with those values: with any other the prompt does not match. */
  readonly closed?: { readonly [slot: string]: readonly string[] }
}

/** What is the same in all calls of a task, and where its inputs stand. */
export interface PromptTemplate {
  readonly messages: readonly TemplateMessage[]
  readonly responseFormat?: Json
  readonly tools?: Json
}

/** How the upstream writes its answers: a label with what stands around it, fields, or a quote or "not there". */
export type Rendering = LabelRendering | FieldRendering | AnswerRendering

/** How the upstream answers questions about a text: a quote as `found` writes it, or that it is not there. */
export interface AnswerRendering {
  readonly kind: 'answer'
  readonly found: LabelRendering
  /** Whole answers that say that it is not there; the first is written. Empty: none ever said so. */
  readonly notThere: readonly string[]
}

/**
 * How the upstream writes a label: `before + written(label) + after`, where the label is written as it is (`text`),
 * as the inside of a JSON string (`json`; the quotes are in the constants), or is itself the JSON text of a value such
 * as `true`, `3` or `null` (`json-value`).
 */
export type LabelRendering =
  | { readonly kind: 'text'; readonly before: string; readonly after: string }
  | {
      readonly kind: 'json'
      readonly before: string
      readonly after: string
      /** Absent: escaped as `JSON.stringify` does. */
      readonly escapes?: JsonEscapes
    }
  | { readonly kind: 'json-value'; readonly before: string; readonly after: string }

/** What a JSON writer escapes beyond what it must. */
export interface JsonEscapes {
  /** Characters above U+007E: as they are, or as `\u00e9` or `\u00E9`. */
  readonly nonAscii: 'literal' | 'lower-hex' | 'upper-hex'
  /** ASCII characters that are escaped without need, such as `/` (written `\/`) or `<` (written `\u003c`), sorted. */
  readonly ascii: string
}

export interface Task {
  readonly id: TaskId
  readonly kind: TaskKind
  readonly space: OutputSpace
  readonly rendering: Rendering
  readonly template?: PromptTemplate
  readonly risk: RiskTarget
  /** What the certificate is about: whole answers (the usual case, absent), or the parts of an answer: spans, fields. */
  readonly promise?: 'parts'
  /** The upstream model that `shoal/TASK` goes to when it is not answered locally. */
  readonly upstream?: ModelName
  /** True: personal data is masked before anything is written or predicted (the default). */
  readonly masked: boolean
  /** True: nothing is answered locally. */
  readonly paused: boolean
}

/** Identities of examples and of sets of them. */
import { createHash } from 'node:crypto'
import { type Sha256, sha256 } from '../base/hash.ts'
import type { ExampleId } from '../base/ids.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import type { TaskInput, TaskOutput } from '../task/types.ts'
import type { Example, ExampleSet } from './example.ts'

/** Digest of an input as it is kept: 128 bits of SHA-256, 32 hex digits; the same input has the same id. */
export function exampleId(input: TaskInput): ExampleId {
  return sha256(inputText(input)).slice(0, 32) as ExampleId
}

/** One text that holds all of an input, different for different inputs. */
export function inputText(input: TaskInput): string {
  if (input.kind === 'text') return `text\n${input.text}`
  if (input.kind === 'question') return `question\n${JSON.stringify([input.question, input.context])}`
  return `chat\n${JSON.stringify(input.messages.map((message) => [message.role, message.content]))}`
}

/** An input as a person reads it: a text as it is, a question before its context, a conversation as {@link inputText}. */
export function readableInput(input: TaskInput): string {
  if (input.kind === 'question') return `${input.question}\n${input.context}`
  return input.kind === 'text' ? input.text : inputText(input)
}

/** The group of questions about one context, so that they stay together in splits. */
export function contextGroup(context: string): string {
  return `context-${sha256(context).slice(0, 16)}`
}

/** The text by which an input is nearly the same as another: of questions only those about the same context are. */
export function comparedText(input: TaskInput): string {
  if (input.kind !== 'question') return readableInput(input)
  return `${input.question}\n${sha256(input.context).slice(0, 32)}`
}

/** One text that holds all of an output, the same for equal outputs whatever the order of keys. */
export function outputText(output: TaskOutput): string {
  if (output.kind === 'labels') return `labels\n${JSON.stringify(output.labels)}`
  if (output.kind === 'text') return `text\n${output.text}`
  const spans = output.kind === 'spans' ? output.spans : [output.span ?? [], output.others ?? []].flat()
  const places: Json = spans.map((span) => ({ start: span.start, end: span.end, label: span.label ?? null }))
  return `${output.kind}\n${canonicalJson(places)}`
}

/** Rows as a set: the digest is SHA-256 over each id and output in order. */
export function exampleSet(examples: readonly Example[]): ExampleSet {
  const hash = createHash('sha256')
  for (const example of examples) {
    const output = outputText(example.output)
    hash.update(`${example.id} ${output.length} ${output}\n`)
  }
  return { examples, digest: hash.digest('hex') as Sha256 }
}

/** True for a row that another specialist labelled with its probabilities: nobody has said what is right there. */
export function isTaught({ source, soft }: Pick<Example, 'source' | 'soft'>): boolean {
  return source === 'synthetic' && soft !== undefined
}

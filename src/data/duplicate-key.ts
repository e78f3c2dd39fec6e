/**
 * When two inputs count as the same: after Unicode NFC, lower case, and white space collapsed and trimmed.
 * Case counts as nothing because a row that differs from a training row only there tells nothing about unseen inputs.
 */
import { hash } from 'node:crypto'
import type { TaskInput } from '../task/types.ts'
import { inputText } from './example-set.ts'

/** 64 bits as two whole numbers; among 10 million texts two share a key with probability 3 in a million. */
export interface Key64 {
  readonly high: number
  readonly low: number
}

/** A text as duplicates are compared. */
export function normalisedText(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

/** Key of an input: equal for duplicates. */
export function duplicateKey(input: TaskInput): Key64 {
  const text =
    input.kind === 'text' ? `text\n${normalisedText(input.text)}` : normalisedText(inputText(input))
  return key64(text)
}

/** The first 64 bits of a text's SHA-256. */
export function key64(text: string): Key64 {
  const digest = hash('sha256', text, 'binary')
  const word = (at: number): number =>
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0
  return { high: word(0), low: word(4) }
}

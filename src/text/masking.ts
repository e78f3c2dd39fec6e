/**
 * Masks personal data and secrets: mail addresses, telephone and card numbers, IBANs, keys, IP addresses.
 * What is masked decides what specialists learn, so any change of what is found raises {@link maskingVersion}.
 */
import { findAddress } from './masking/address.ts'
import { findCard } from './masking/card.ts'
import type { Found, PersonalKind } from './masking/found.ts'
import { findIban } from './masking/iban.ts'
import { findMail } from './masking/mail.ts'
import { findPhone } from './masking/phone.ts'
import { findAssigned, findKeys } from './masking/secrets.ts'
import {
  addressTrigger,
  assignmentTrigger,
  keyTrigger,
  mailTrigger,
  numberTrigger,
  triggersOf,
} from './masking/triggers.ts'

/** Named by every certificate; see the file's header. */
export const maskingVersion = 1

/** UTF-16 offsets, `end` exclusive. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** A piece of the original and the placeholder that stands for it in the masked text. */
export interface MaskedSpan {
  readonly kind: PersonalKind
  readonly original: TextRange
  readonly masked: TextRange
}

export interface MaskedText {
  readonly text: string
  /** In order, not touching each other's ranges. */
  readonly spans: readonly MaskedSpan[]
  /** The range of the original that a range of the masked text stands for; a part of a placeholder stands for all of its piece. */
  toOriginal(start: number, end: number): TextRange
}

/** Masks a text; the spans lead back to the original. Masking a masked text changes nothing. */
export function maskText(text: string): MaskedText {
  let found = merge(find(text))
  if (found.length === 0) return { text, spans: noSpans, toOriginal: (start, end) => ({ start, end }) }
  // Once in a while a placeholder frees what stood beside the masked piece, so it is looked at again.
  for (;;) {
    const { text: masked, spans } = replace(text, found)
    const freed = find(masked)
    if (freed.length === 0)
      return { text: masked, spans, toOriginal: (start, end) => originalRange(spans, start, end) }
    const again = freed.map(({ kind, start, end }) => ({ kind, ...originalRange(spans, start, end) }))
    found = merge([...found, ...again])
  }
}

/** The masked text alone; a text without personal data comes back as it is, in a fraction of a microsecond. */
export function maskedText(text: string): string {
  return triggersOf(text) === 0 ? text : maskText(text).text
}

/** True where a text holds the placeholder of something masked: it then says no value of its own. */
export function holdsPlaceholder(text: string): boolean {
  return text.includes('[') && text.search(anyPlaceholder) >= 0
}

/** The placeholders, all of them in a text. */
export const anyPlaceholder = /\[(?:EMAIL|PHONE|CARD|IBAN|SECRET|IP)\]/g

const noSpans: readonly MaskedSpan[] = Object.freeze([])

/** More telling kinds first: where two finds overlap, the first of this list names both. */
const kindOrder: readonly PersonalKind[] = ['SECRET', 'EMAIL', 'IBAN', 'CARD', 'IP', 'PHONE']

/** Finders by the trigger that makes them worth asking. */
const finders: readonly (readonly [number, (text: string) => readonly Found[]])[] = [
  [keyTrigger, findKeys],
  [assignmentTrigger, findAssigned],
  [mailTrigger, findMail],
  [addressTrigger, findAddress],
  [numberTrigger, findIban],
  [numberTrigger, findCard],
  [numberTrigger, findPhone],
]

function find(text: string): Found[] {
  const triggers = triggersOf(text)
  if (triggers === 0) return []
  const found: Found[] = []
  for (const [bit, finder] of finders) if (triggers & bit) for (const one of finder(text)) found.push(one)
  return found
}

/** Finds in order of place, overlapping ones as one. */
function merge(found: Found[]): readonly Found[] {
  found.sort((a, b) => a.start - b.start)
  const merged: Found[] = []
  for (const next of found) {
    const last = merged.at(-1)
    if (!last || next.start >= last.end) merged.push(next)
    else {
      const kind = kindOrder.find((candidate) => candidate === last.kind || candidate === next.kind)!
      merged[merged.length - 1] = { kind, start: last.start, end: Math.max(last.end, next.end) }
    }
  }
  return merged
}

function replace(text: string, found: readonly Found[]): { text: string; spans: readonly MaskedSpan[] } {
  const pieces: string[] = []
  const spans: MaskedSpan[] = []
  let at = 0
  let length = 0
  for (const { kind, start, end } of found) {
    const placeholder = `[${kind}]`
    pieces.push(text.slice(at, start), placeholder)
    length += start - at
    spans.push({
      kind,
      original: { start, end },
      masked: { start: length, end: length + placeholder.length },
    })
    length += placeholder.length
    at = end
  }
  pieces.push(text.slice(at))
  return { text: pieces.join(''), spans }
}

function originalRange(spans: readonly MaskedSpan[], start: number, end: number): TextRange {
  return { start: originalOffset(spans, start, 'start'), end: originalOffset(spans, end, 'end') }
}

function originalOffset(spans: readonly MaskedSpan[], offset: number, side: 'start' | 'end'): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.masked.start < offset) low = middle + 1
    else high = middle
  }
  const span = spans[low - 1]
  if (!span) return offset
  if (offset < span.masked.end) return span.original[side]
  return offset - span.masked.end + span.original.end
}

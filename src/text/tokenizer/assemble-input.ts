/** Puts texts together as the model was trained to read them, cut to a length; and cuts long texts into windows. */
import { assert } from '../../base/errors.ts'
import type { Encoding, Template, TemplatePart, Tokenizer } from './tokenizer.ts'

/** One text, or a pair of texts such as a question with its context. */
export type InputParts = readonly [Encoding] | readonly [Encoding, Encoding]

/** Where tokens of a text stand in the input: input token `at + i` is token `from + i` of text `part`, up to `to`. */
export interface PlacedPart {
  readonly part: 0 | 1
  readonly at: number
  readonly from: number
  readonly to: number
}

/** What a model reads; no padding. */
export interface AssembledInput {
  /** Token ids, special tokens among them. */
  readonly ids: Int32Array
  /** Segment of each token, as long as `ids`. */
  readonly typeIds: Int32Array
  readonly parts: readonly PlacedPart[]
  /** True where tokens at the end of a text were left out. */
  readonly truncated: boolean
}

/** How an input may be cut. */
export interface AssembleOptions {
  /** Most tokens of the input, special tokens among them. */
  readonly maxLength: number
  /** What is shortened: the longer text first (default), or only the second, as for a question with its context. */
  readonly shorten?: 'longest' | 'second'
}

/** Tokens that the template itself takes. */
export function specialCount(template: Template, texts: 1 | 2): number {
  return partsFor(template, texts).filter((part) => part.kind === 'special').length
}

/** `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]` of at most `maxLength` tokens; texts lose tokens at their end. */
export function assembleInput(
  { template }: Pick<Tokenizer, 'template'>,
  texts: InputParts,
  { maxLength, shorten = 'longest' }: AssembleOptions,
): AssembledInput {
  const room = maxLength - specialCount(template, texts.length)
  assert(room >= 0, `an input of ${maxLength} tokens has no room for the special tokens`)
  const kept = keptLengths(texts[0].ids.length, texts[1]?.ids.length ?? 0, room, shorten)
  const ids: number[] = []
  const typeIds: number[] = []
  const parts: PlacedPart[] = []
  for (const part of partsFor(template, texts.length)) {
    if (part.kind === 'special') ids.push(part.id)
    else {
      const to = kept[part.part]
      parts.push({ part: part.part, at: ids.length, from: 0, to })
      const given = texts[part.part]?.ids
      assert(given !== undefined, 'the template has a place for a text that is not there')
      for (let token = 0; token < to; token++) ids.push(given[token]!)
    }
    while (typeIds.length < ids.length) typeIds.push(part.typeId)
  }
  return {
    ids: Int32Array.from(ids),
    typeIds: Int32Array.from(typeIds),
    parts,
    truncated: texts.some((text, part) => kept[part as 0 | 1] < text.ids.length),
  }
}

function partsFor(template: Template, texts: 1 | 2): readonly TemplatePart[] {
  return texts === 1 ? template.single : template.pair
}

/** The first tokens of each text that fit: the shorter text is whole where it takes no more than its half. */
function keptLengths(
  first: number,
  second: number,
  room: number,
  shorten: 'longest' | 'second',
): readonly [number, number] {
  if (first + second <= room) return [first, second]
  if (shorten === 'second') return [Math.min(first, room), Math.max(0, room - first)]
  const half = Math.floor(room / 2)
  if (first <= second) {
    const kept = first <= half ? first : half
    return [kept, room - kept]
  }
  const kept = second <= half ? second : half
  return [room - kept, kept]
}

/** The tokens `from` to `to` of a text, their offsets still those of the whole text. */
export function sliceEncoding({ ids, starts, ends }: Encoding, from: number, to: number): Encoding {
  return { ids: ids.subarray(from, to), starts: starts.subarray(from, to), ends: ends.subarray(from, to) }
}

/** Tokens `from` to `to` (exclusive) of a long text. */
export interface Window {
  readonly from: number
  readonly to: number
}

/**
 * Windows of `size` tokens, each beginning `stride` after the one before, that cover `length` tokens. The last one is moved
 * back to the end so that it is full: it overlaps the one before by more rather than having less context.
 */
export function windows(
  length: number,
  { size, stride }: { readonly size: number; readonly stride: number },
): readonly Window[] {
  assert(size > 0 && stride > 0 && stride <= size, `windows of ${size} every ${stride} tokens cover no text`)
  const found: Window[] = []
  for (let from = 0; from + size < length; from += stride) found.push({ from, to: from + size })
  found.push({ from: Math.max(0, length - size), to: length })
  return found
}

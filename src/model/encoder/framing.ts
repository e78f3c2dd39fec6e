// Texts as an encoder reads them: tokens between the special ones of the tokenizer's template, cut where the encoder's
// positions end, and batches of texts of about one length so that little is padding.
import type { Template, TemplatePart, Tokenizer } from '../../text/tokenizer/tokenizer.ts'

/** UTF-16 units a token has at most, in all but contrived texts: what lies behind is not even looked at. */
const unitsPerToken = 24

/** Ids of a text framed by the template for one text, at most `maxTokens`: the text's end is cut. */
export function frameText(tokenizer: Tokenizer, text: string, maxTokens: number): Int32Array {
  const { single } = tokenizer.template
  const room = maxTokens - specialCount(single)
  const { ids } = tokenizer.encode(text.slice(0, maxTokens * unitsPerToken))
  return Int32Array.from(single.flatMap((part) => idsOf(part, ids.subarray(0, room))))
}

/** Special tokens of a template. */
export function specialCount(template: Template['single']): number {
  return template.filter(({ kind }) => kind === 'special').length
}

function idsOf(part: TemplatePart, ids: Int32Array): readonly number[] {
  return part.kind === 'special' ? [part.id] : [...ids]
}

export interface BatchLimits {
  /** Texts of a batch, at most. */
  readonly rows: number
  /** Tokens of a batch with its padding, at most; a single longer text is a batch of its own. */
  readonly tokens: number
  /**
   * Each text is padded to a multiple of so many tokens, and shares batches only with texts that are as long then: what
   * it is computed with depends on itself alone, to the last bit. Absent: padded to the longest text of its batch.
   */
  readonly step?: number
}

/**
 * The step of sessions that multiply in 8 bits, where the last bit of a sum may decide a rounding.
 */
export const roundedStep = 4

/** Tokens that a text is padded to. */
export function steppedLength(length: number, step = 1): number {
  return Math.ceil(length / step) * step
}

/** Rows in batches, shortest texts first; rows of one length keep their order. */
export function lengthBatches(
  lengths: ArrayLike<number>,
  { rows, tokens, step }: BatchLimits,
): readonly Int32Array[] {
  const padded = (row: number): number => steppedLength(lengths[row] ?? 0, step)
  const order = Int32Array.from({ length: lengths.length }, (_, row) => row)
  order.sort((a, b) => lengths[a]! - lengths[b]! || a - b)
  const batches: Int32Array[] = []
  let begin = 0
  for (let end = 1; end <= order.length; end++) {
    const next = end < order.length ? padded(order[end]!) : 0
    const isApart = step !== undefined && next !== padded(order[begin]!)
    const isFull = isApart || end - begin === rows || (end - begin + 1) * next > tokens
    if (end < order.length && !isFull) continue
    batches.push(order.subarray(begin, end))
    begin = end
  }
  return batches
}

/** A batch as it is fed: ids and mask [rows, time], padded to its longest text. */
export interface PaddedBatch {
  readonly rows: number
  readonly time: number
  readonly ids: Int32Array
  readonly mask: Float32Array
}

/** Pads texts to `time` tokens, by default the longest of them. */
export function padBatch(
  texts: readonly Int32Array[],
  padId: number,
  time = texts.reduce((longest, { length }) => Math.max(longest, length), 0),
): PaddedBatch {
  const ids = new Int32Array(texts.length * time).fill(padId)
  const mask = new Float32Array(ids.length)
  texts.forEach((text, row) => {
    ids.set(text, row * time)
    mask.fill(1, row * time, row * time + text.length)
  })
  return { rows: texts.length, time, ids, mask }
}

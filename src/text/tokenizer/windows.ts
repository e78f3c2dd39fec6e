/** Cuts long texts into overlapping windows. */
import { assert } from '../../base/errors.ts'

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

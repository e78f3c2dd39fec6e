// What a tagger's window network sees of each token: the first principal axes of its static embedding, and flags of
// its form that the embedding, which knows no case, does not tell.
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import { type TokenBuffer, unitKind, unitKinds } from '../../../text/tokens.ts'
import { forEachWord } from '../../../text/word-pieces.ts'

/** Flags of a token's form, the last of which is always 1: beyond the ends of a text there are only zeros. */
export const flagCount = 16

/** Writes D = `axes` + {@link flagCount} numbers for one token of a text. */
export interface DenseInputs {
  readonly columns: number
  write(text: string, tokens: TokenBuffer, t: number, target: Float32Array, at: number): void
}

/** Inputs from the first `axes` dimensions of a table. */
export function createDenseInputs(table: StaticEmbedding, axes: number): DenseInputs {
  const sum = new Float32Array(table.dimensions)
  return {
    columns: axes + flagCount,
    write(text, { starts, ends, count }, t, target, at) {
      const [start, end] = [starts[t]!, ends[t]!]
      let pieces = 0
      sum.fill(0)
      forEachWord(text.slice(start, end), (word) => {
        const ids = table.pieces.lookup(word)
        pieces += ids.length
        table.add(sum, ids)
      })
      const scale = pieces > 0 ? 1 / pieces : 0
      for (let d = 0; d < axes; d++) target[at + d] = sum[d]! * scale
      writeFlags(text, start, end, pieces, t === 0, t === count - 1, target, at + axes)
    },
  }
}

function writeFlags(
  text: string,
  start: number,
  end: number,
  pieces: number,
  isFirst: boolean,
  isLast: boolean,
  target: Float32Array,
  at: number,
): void {
  let [uppers, lowers, digits, others] = [0, 0, 0, 0]
  for (let i = start; i < end; i++) {
    const kind = unitKind(text.charCodeAt(i))
    if (kind === unitKinds.upper) uppers++
    else if (kind === unitKinds.lower) lowers++
    else if (kind === unitKinds.digit) digits++
    else others++
  }
  const length = end - start
  const firstUpper = unitKind(text.charCodeAt(start)) === unitKinds.upper
  const first = text.charCodeAt(start)
  const flags = [
    firstUpper && lowers > 0 && uppers === 1,
    firstUpper && lowers === 0 && length > 1,
    firstUpper && lowers > 0 && uppers > 1,
    !firstUpper && uppers > 0,
    lowers === length,
    digits === length,
    digits > 0 && digits < length,
    others === length,
    first === 0x40,
    first === 0x23,
    length <= 3,
    length >= 8,
    pieces === 0,
    isFirst,
    isLast,
    true,
  ]
  for (let i = 0; i < flagCount; i++) target[at + i] = flags[i] ? 1 : 0
}

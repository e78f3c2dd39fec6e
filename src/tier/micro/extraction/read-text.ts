// Aligns the units that spans are told by (words, or characters of scripts without spaces) with the pieces of an
// encoder's tokenizer: a unit is judged at its first piece.
import type { Encoding, Tokenizer } from '../../../text/tokenizer/tokenizer.ts'
import { createTokenBuffer, type Tokeniser } from '../../../text/tokens.ts'
import { continued, shapeOf } from './shapes.ts'

/** A text as it is tagged; offsets are UTF-16. */
export interface ReadText {
  /** Pieces of the encoder's tokenizer, without special ones. */
  readonly ids: Int32Array
  /** The shape of the unit that each piece is of. */
  readonly shapes: Int32Array
  /** Units: where they stand in the text, end exclusive, and their first pieces, ascending. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly pieces: Int32Array
}

/** Reads texts; units that no piece stands for are left out, and units that share a piece are one. */
export function createTextReader(tokenizer: Tokenizer, tokeniser: Tokeniser): (text: string) => ReadText {
  const buffer = createTokenBuffer()
  return (text) => {
    const encoding = tokenizer.encode(text)
    tokeniser.tokenise(text, buffer)
    const units = aligned(encoding, { ...buffer })
    return { ids: encoding.ids, ...units, shapes: shapesOf(text, encoding.ids.length, units) }
  }
}

type Units = Pick<ReadText, 'starts' | 'ends' | 'pieces'>

function aligned(
  { starts, ends }: Encoding,
  units: { readonly starts: Int32Array; readonly ends: Int32Array; readonly count: number },
): Units {
  const found = { starts: [] as number[], ends: [] as number[], pieces: [] as number[] }
  let piece = 0
  for (let unit = 0; unit < units.count; unit++) {
    const [from, to] = [units.starts[unit]!, units.ends[unit]!]
    while (piece < starts.length && ends[piece]! <= from) piece++
    if (piece === starts.length) break
    if (starts[piece]! >= to) continue
    if (found.pieces.at(-1) === piece) found.ends[found.ends.length - 1] = to
    else {
      found.starts.push(from)
      found.ends.push(to)
      found.pieces.push(piece)
    }
  }
  return {
    starts: Int32Array.from(found.starts),
    ends: Int32Array.from(found.ends),
    pieces: Int32Array.from(found.pieces),
  }
}

function shapesOf(text: string, count: number, { starts, ends, pieces }: Units): Int32Array {
  const shapes = new Int32Array(count)
  pieces.forEach((first, unit) => {
    const shape = shapeOf(text.slice(starts[unit]!, ends[unit]!))
    shapes.fill(continued(shape), first, pieces[unit + 1] ?? count)
    shapes[first] = shape
  })
  return shapes
}

// Long texts as windows that overlap: each piece is judged in the window where it has most context.
import { specialCount } from '../../../model/encoder/framing.ts'
import type { Template } from '../../../text/tokenizer/tokenizer.ts'
import { windows } from '../../../text/tokenizer/windows.ts'
import type { ReadText } from './read-text.ts'

/** What an encoder reads of a text at once. */
export interface TextWindow {
  /** Number of the text. */
  readonly text: number
  /** Framed by special tokens. */
  readonly ids: Int32Array
  readonly shapes: Int32Array
  /** Units `from` to `to` (exclusive) of the text are judged here, at these places of `ids`. */
  readonly from: number
  readonly to: number
  readonly places: Int32Array
}

/** Share of a window after which the next begins. */
const strideShare = 0.75

/** Cuts read texts into windows of at most `maxTokens`, special tokens among them. */
export function windowsOf(
  texts: readonly ReadText[],
  template: Template['single'],
  maxTokens: number,
): readonly TextWindow[] {
  const size = maxTokens - specialCount(template)
  const stride = Math.max(1, Math.floor(size * strideShare))
  const before = template.findIndex(({ kind }) => kind === 'text')
  return texts.flatMap((text, number) => {
    const cut = windows(text.ids.length, { size, stride })
    return cut.map(({ from, to }, i) => {
      const begin = i === 0 ? 0 : middle(from, cut[i - 1]!.to)
      const end = i + 1 === cut.length ? text.ids.length : middle(cut[i + 1]!.from, to)
      const [first, last] = [unitAt(text.pieces, begin), unitAt(text.pieces, end)]
      return {
        text: number,
        ids: framed(template, text.ids.subarray(from, to), ({ id }) => id),
        shapes: framed(template, text.shapes.subarray(from, to), () => 0),
        ...{ from: first, to: last },
        places: text.pieces.slice(first, last).map((piece) => piece - from + before),
      }
    })
  })
}

const middle = (from: number, to: number): number => Math.floor((from + to) / 2)

/** The first unit that begins at or after a piece. */
function unitAt(pieces: Int32Array, piece: number): number {
  let [low, high] = [0, pieces.length]
  while (low < high) {
    const half = (low + high) >> 1
    if (pieces[half]! < piece) low = half + 1
    else high = half
  }
  return low
}

type Special = Extract<Template['single'][number], { kind: 'special' }>

function framed(
  template: Template['single'],
  values: Int32Array,
  special: (part: Special) => number,
): Int32Array {
  const all = new Int32Array(values.length + specialCount(template))
  let at = 0
  for (const part of template) {
    if (part.kind === 'text') {
      all.set(values, at)
      at += values.length
    } else all[at++] = special(part)
  }
  return all
}

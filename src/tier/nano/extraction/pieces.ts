// Cuts a long text into pieces that are tagged one by one, so that time and memory stay in proportion.

/** UTF-16 units of a piece; shorter texts are one. */
export const pieceUnits = 4096
const leastShare = 0.75 // a piece may be that much shorter to end where a line or a sentence does

/** Start of each piece of a text of up to `limit` units, and behind them the end of the last. */
export function pieceBounds(text: string, limit: number): readonly number[] {
  const end = Math.min(text.length, limit)
  const bounds = [0]
  for (let at = 0; at < end; ) {
    at = end - at <= pieceUnits ? end : bestBreak(text, at)
    bounds.push(at)
  }
  return bounds
}

/** The last end of a line, else of a sentence, else of a word, else the last place there is. */
function bestBreak(text: string, from: number): number {
  const [least, most] = [from + Math.floor(pieceUnits * leastShare), from + pieceUnits]
  for (const pattern of [/\n/, /[.!?。！？；;]/, /\s/]) {
    for (let at = most; at > least; at--) if (pattern.test(text[at - 1]!)) return at
  }
  const unit = text.charCodeAt(most)
  return unit >= 0xdc00 && unit <= 0xdfff ? most - 1 : most
}

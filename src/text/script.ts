// Which of the two static tables a text is read with, told by the text's own letters. It is not a
// language detector: a text that is neither English nor Chinese gets the English table, whose pieces
// cover the Latin, Cyrillic, Greek, Arabic and other alphabets letter by letter.

/** The static tables there are. */
export const tableNames = ['en', 'zh'] as const
export type TableName = (typeof tableNames)[number]

// One Chinese character says about as much as four Latin letters, so a fifth of Han letters already
// carries half of the content: "用 Python 写一个 function" is Chinese.
const hanShareOfChinese = 0.2

/** The table for a text: `zh` when at least a fifth of its letters are Han characters. */
export function dominantScript(text: string): TableName {
  let han = 0
  let other = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      const lower = unit | 0x20
      if (lower >= 0x61 && lower <= 0x7a) other++
    } else if (isHanUnit(unit)) han++
    else if (unit >= 0xc0 && !isSymbolUnit(unit)) other++
  }
  return han > 0 && han >= (han + other) * hanShareOfChinese ? 'zh' : 'en'
}

/** Whether a UTF-16 unit is a Han character, or the first half of one beyond the basic plane. */
export function isHanUnit(unit: number): boolean {
  return (
    (unit >= 0x4e00 && unit <= 0x9fff) ||
    (unit >= 0x3400 && unit <= 0x4dbf) ||
    (unit >= 0xf900 && unit <= 0xfaff) ||
    (unit >= 0xd840 && unit <= 0xd888)
  )
}

// General punctuation to dingbats, CJK and full-width punctuation, and surrogates (emoji; second halves).
function isSymbolUnit(unit: number): boolean {
  return (
    (unit >= 0x2000 && unit <= 0x2bff) ||
    (unit >= 0x3000 && unit <= 0x303f) ||
    (unit >= 0xd800 && unit <= 0xdfff) ||
    (unit >= 0xfe00 && unit <= 0xfe6f) ||
    (unit >= 0xff00 && unit <= 0xff20)
  )
}

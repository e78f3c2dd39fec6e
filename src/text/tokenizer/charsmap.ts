/**
 * The compiled character map of SentencePiece (`Precompiled`): what XLM-RoBERTa and e5 were normalised with. The map is a
 * double-array trie of UTF-8 bytes followed by its replacements (Darts, sentencepiece/src/normalizer.cc); read as it is,
 * because NFKC is only nearly the same.
 */
import { type AlignedText, mapClusters, mapCodePoints, matchesOf } from './aligned-text.ts'
import type { JsonFields } from './json-fields.ts'

/** Parses `precompiled_charsmap`. */
export function parseCharsmap(fields: JsonFields): (text: AlignedText) => AlignedText {
  const bytes = Buffer.from(fields.string('precompiled_charsmap', ''), 'base64')
  if (bytes.length === 0) return (text) => text
  const trieBytes = bytes.length < 4 ? Number.NaN : bytes.readUInt32LE(0)
  if (!(trieBytes % 4 === 0 && trieBytes > 0 && 4 + trieBytes <= bytes.length))
    throw fields.problem('precompiled_charsmap', 'is not a compiled character map: its trie is cut off')
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) => bytes.readUInt32LE(4 + 4 * index))
  const replacements = bytes.subarray(4 + trieBytes)
  return createCharsmap((key) => replacementOf(units, replacements, key))
}

/**
 * Graphemes as far as the map asks for them: it looks up those of at most five bytes as a whole, so that Hangul, flags and
 * emoji sequences need not be kept together. Intl.Segmenter takes seconds for a long text.
 */
const grapheme =
  /\r\n|[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}|[\s\S](?:[\p{Gr_Ext}\p{Emoji_Modifier}\p{Mc}\u0e33\u0eb3]|\u200d)*/gu

/** Characters that continue a grapheme. */
const joining = /[\r\p{Gr_Ext}\p{Emoji_Modifier}\p{Mc}\u0e33\u0eb3]|\u200d/u

function createCharsmap(find: (key: string) => string | undefined): (text: AlignedText) => AlignedText {
  const known = new Map<number, string>()

  function changeCodePoint(codePoint: number): string {
    let text = known.get(codePoint)
    if (text === undefined) {
      const character = String.fromCodePoint(codePoint)
      text = find(character) ?? character
      known.set(codePoint, text)
    }
    return text
  }
  function changeGrapheme(text: string): string {
    if (text.length === 1) return changeCodePoint(text.charCodeAt(0))
    const whole = Buffer.byteLength(text) < 6 ? find(text) : undefined
    return whole ?? Array.from(text, (character) => changeCodePoint(character.codePointAt(0)!)).join('')
  }

  return (aligned) => {
    if (/^[\x20-\x7e]*$/.test(aligned.text)) return aligned
    return joining.test(aligned.text)
      ? mapClusters(aligned, matchesOf(aligned.text, grapheme), changeGrapheme)
      : mapCodePoints(aligned, changeCodePoint)
  }
}

/** The replacement of the shortest key that `key` begins with, as in the Rust library. */
function replacementOf(units: Uint32Array, replacements: Buffer, key: string): string | undefined {
  let node = offsetOf(units[0]!)
  for (const byte of Buffer.from(key)) {
    if (byte === 0) return undefined
    node ^= byte
    const unit = units[node] ?? 0
    if ((unit & 0x800000ff) >>> 0 !== byte) return undefined
    node ^= offsetOf(unit)
    if ((unit >>> 8) & 1) {
      const start = (units[node] ?? 0) & 0x7fffffff
      const end = replacements.indexOf(0, start)
      return replacements.toString('utf8', start, end < 0 ? undefined : end)
    }
  }
  return undefined
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}

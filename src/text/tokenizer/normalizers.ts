/**
 * What tokenizer.json can do to a text before it is split, by the names it uses, each keeping the way back to the original.
 * Where JavaScript and the Rust library differ (the final sigma, ideographs beyond U+FFFF), the Rust library is followed:
 * the models were trained with it.
 */
import {
  type AlignedText,
  alignedWithItself,
  createAlignedBuilder,
  mapClusters,
  mapCodePoints,
  matchesOf,
  sliceAligned,
} from './aligned-text.ts'
import { parseCharsmap } from './charsmap.ts'
import type { JsonFields } from './json-fields.ts'
import { parsePattern } from './pattern.ts'

/** One step of normalising. */
export type Normalizer = (text: AlignedText) => AlignedText

const byType = {
  BertNormalizer: parseBert,
  Lowercase: () => (text) => changed(text, (codePoint) => lowered(codePoint)),
  NFC: () => inForm('NFC'),
  NFD: () => inForm('NFD'),
  NFKC: () => inForm('NFKC'),
  NFKD: () => inForm('NFKD'),
  Precompiled: (fields) => parseCharsmap(fields),
  Prepend: parsePrepend,
  Replace: parseReplace,
  Sequence: (fields) => {
    const steps = fields.objects('normalizers').map(parseNormalizer)
    return (text) => steps.reduce((soFar, step) => step(soFar), text)
  },
  Strip: parseStrip,
  StripAccents: () => (text) =>
    changed(text, (codePoint) => (/\p{M}/u.test(String.fromCodePoint(codePoint)) ? '' : undefined)),
} satisfies Record<string, (fields: JsonFields) => Normalizer>

/** The normalizer that an object of tokenizer.json describes. */
export function parseNormalizer(fields: JsonFields): Normalizer {
  const type = fields.string('type')
  if (!isKnown(type)) throw fields.unsupported('type', Object.keys(byType))
  return byType[type](fields)
}

function isKnown(type: string): type is keyof typeof byType {
  return Object.hasOwn(byType, type)
}

function changed(text: AlignedText, change: (codePoint: number) => string | undefined): AlignedText {
  return mapCodePoints(text, (codePoint) => change(codePoint) ?? String.fromCodePoint(codePoint))
}

/** Lower case of one code point: no final sigma, as in Rust. */
function lowered(codePoint: number): string {
  return String.fromCodePoint(codePoint).toLowerCase()
}

/** Control characters out, every white space a blank, blanks around ideographs, accents off, lower case. */
function parseBert(fields: JsonFields): Normalizer {
  const isCleaned = fields.boolean('clean_text', true)
  const isPadded = fields.boolean('handle_chinese_chars', true)
  const isLowered = fields.boolean('lowercase', true)
  const isStripped = fields.boolean('strip_accents', isLowered)
  const known = new Map<number, string>()

  function change(codePoint: number): string {
    let text = String.fromCodePoint(codePoint)
    if (isCleaned) text = cleaned(text)
    if (isPadded && isIdeograph(codePoint)) text = ` ${text} `
    if (isStripped) text = text.normalize('NFD').replace(/\p{Mn}/gu, '')
    return isLowered ? Array.from(text, (character) => character.toLowerCase()).join('') : text
  }

  return (aligned) => {
    if (aligned.starts === undefined && plain.test(aligned.text)) {
      const text = isCleaned ? aligned.text.replace(/[\t\n\r]/g, ' ') : aligned.text
      return alignedWithItself(isLowered ? text.toLowerCase() : text)
    }
    return mapCodePoints(aligned, (codePoint) => {
      let text = known.get(codePoint)
      if (text === undefined) {
        text = change(codePoint)
        known.set(codePoint, text)
      }
      return text
    })
  }
}

/** Text that BERT's cleaning leaves as long as it is. */
const plain = /^[\x20-\x7e\t\n\r]*$/

function cleaned(character: string): string {
  if (/^[\t\n\r]$/.test(character)) return ' '
  if (/[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(character)) return ''
  return /\p{White_Space}/u.test(character) ? ' ' : character
}

/** Ranges of ideographs as BERT has them; the gap before U+2B920 is the Rust library's. */
const ideographs: readonly (readonly [number, number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
]

function isIdeograph(codePoint: number): boolean {
  return ideographs.some(([first, last]) => codePoint >= first && codePoint <= last)
}

/**
 * A character with all that can join it in some form: marks, and the few letters that compose with the one before them
 * (vowels and finals of Hangul, also in their compatibility and half-width forms, half-width sound marks of Katakana).
 */
const cluster = /[\s\S][\p{M}\u1160-\u11ff\u3131-\u318e\uff9e-\uffdc\u{16d67}\u{16d68}]*/gu

function inForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Normalizer {
  return (aligned) => {
    if (aligned.text.normalize(form) === aligned.text) return aligned
    return mapClusters(aligned, matchesOf(aligned.text, cluster), (text) => text.normalize(form))
  }
}

function parseReplace(fields: JsonFields): Normalizer {
  const pattern = parsePattern(fields)
  const content = fields.string('content')
  return (aligned) => {
    const { text } = aligned
    const builder = createAlignedBuilder(text.length)
    let done = 0
    for (const { index, text: found } of matchesOf(text, pattern)) {
      if (found === '') continue
      builder.copy(aligned, done, index)
      done = index + found.length
      const { starts, ends } = aligned
      builder.add(content, starts?.[index] ?? index, ends?.[done - 1] ?? done)
    }
    if (done === 0) return aligned
    builder.copy(aligned, done, text.length)
    return builder.build()
  }
}

function parsePrepend(fields: JsonFields): Normalizer {
  const prefix = fields.string('prepend')
  return (aligned) => {
    if (aligned.text === '') return aligned
    const builder = createAlignedBuilder(aligned.text.length + prefix.length)
    builder.add(prefix, 0, 0)
    builder.copy(aligned, 0, aligned.text.length)
    return builder.build()
  }
}

function parseStrip(fields: JsonFields): Normalizer {
  const left = fields.boolean('strip_left', true)
  const right = fields.boolean('strip_right', true)
  return (aligned) => {
    const { text } = aligned
    const from = left ? (/^\p{White_Space}*/u.exec(text)?.[0].length ?? 0) : 0
    let to = text.length
    while (right && to > from && /\p{White_Space}/u.test(text[to - 1]!)) to--
    return sliceAligned(aligned, from, to)
  }
}

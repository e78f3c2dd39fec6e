/** How tokenizer.json splits a normalised text into words, by the names it uses. */
import { type AlignedText, createAlignedBuilder, startOf } from './aligned-text.ts'
import { bertSplitter } from './bert-splitter.ts'
import type { JsonFields } from './json-fields.ts'
import { exactly, parsePattern } from './pattern.ts'
import { type Behaviour, behaviours, type Splitter, splitBy } from './split.ts'

/** Words of a text: two numbers each, the first unit and the one after the last. */
export interface Words {
  readonly text: AlignedText
  readonly bounds: readonly number[]
}

/** One step of splitting: words into smaller words, sometimes of a changed text. */
export interface PreTokenizer {
  split(words: Words): Words
  /** True where the model reads the bytes of words instead of their characters. */
  readonly isByteLevel: boolean
}

const byType = {
  BertPreTokenizer: () => cutting(bertSplitter()),
  ByteLevel: parseByteLevel,
  Digits: (fields) =>
    cutting(
      splitBy(/\p{N}/gu, fields.boolean('individual_digits', false) ? 'isolated' : 'contiguous', false),
    ),
  Metaspace: parseMetaspace,
  Punctuation: (fields) =>
    cutting(splitBy(/[\p{P}!-/:-@[-`{-~]/gu, parseBehaviour(fields, 'isolated'), false)),
  Sequence: parseSequence,
  Split: (fields) =>
    cutting(splitBy(parsePattern(fields), parseBehaviour(fields), fields.boolean('invert', false))),
  Whitespace: () =>
    cutting(
      splitBy(
        /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{White_Space}]+/gu,
        'removed',
        true,
      ),
    ),
  WhitespaceSplit: () => cutting(splitBy(/\p{White_Space}/gu, 'removed', false)),
} satisfies Record<string, (fields: JsonFields) => PreTokenizer>

/** The pre-tokenizer that an object of tokenizer.json describes. */
export function parsePreTokenizer(fields: JsonFields): PreTokenizer {
  const type = fields.string('type')
  if (!isKnown(type)) throw fields.unsupported('type', Object.keys(byType))
  return byType[type](fields)
}

function isKnown(type: string): type is keyof typeof byType {
  return Object.hasOwn(byType, type)
}

/** A pre-tokenizer that leaves the text as it is. */
function cutting(splitter: Splitter, isByteLevel = false): PreTokenizer {
  return {
    isByteLevel,
    split({ text, bounds }) {
      const smaller: number[] = []
      for (let at = 0; at < bounds.length; at += 2) splitter(text.text, bounds[at]!, bounds[at + 1]!, smaller)
      return { text, bounds: smaller }
    },
  }
}

function parseSequence(fields: JsonFields): PreTokenizer {
  const steps = fields.objects('pretokenizers').map(parsePreTokenizer)
  return {
    isByteLevel: steps.some((step) => step.isByteLevel),
    split: (words) => steps.reduce((soFar, step) => step.split(soFar), words),
  }
}

/** GPT-2's words: a contraction, or letters, digits or signs with the blank before them, or white space. */
const gpt2Word =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

function parseByteLevel(fields: JsonFields): PreTokenizer {
  const addsBlank = fields.boolean('add_prefix_space', true)
  const usesPattern = fields.boolean('use_regex', true)
  const words = usesPattern ? splitBy(gpt2Word, 'isolated', false) : wholeWord
  const cut = cutting(words, true)
  return {
    isByteLevel: true,
    split: (given) => cut.split(addsBlank ? rewrite(given, (text) => !text.startsWith(' '), ' ') : given),
  }
}

const wholeWord: Splitter = (_text, from, to, bounds) => {
  bounds.push(from, to)
}

function parseMetaspace(fields: JsonFields): PreTokenizer {
  const sign = fields.string('replacement', '▁')
  const scheme = parseScheme(fields)
  const cut = fields.boolean('split', true)
    ? cutting(splitBy(exactly(sign), 'merged-with-next', false))
    : cutting(wholeWord)
  return {
    isByteLevel: false,
    split(words) {
      const needsPrefix = (text: string, isFirst: boolean): boolean =>
        !text.startsWith(sign) &&
        !text.startsWith(' ') &&
        (scheme === 'always' || (scheme === 'first' && isFirst))
      return cut.split(rewrite(words, needsPrefix, sign, sign))
    },
  }
}

function parseScheme(fields: JsonFields): 'always' | 'first' | 'never' {
  const scheme = fields.string(
    'prepend_scheme',
    fields.boolean('add_prefix_space', true) ? 'always' : 'never',
  )
  if (scheme === 'always' || scheme === 'first' || scheme === 'never') return scheme
  throw fields.unsupported('prepend_scheme', ['always', 'first', 'never'])
}

/** Puts `prefix` before words that need it, with no span of its own, and `blank` for every blank. */
function rewrite(
  { text, bounds }: Words,
  needsPrefix: (word: string, isFirst: boolean) => boolean,
  prefix: string,
  blank = ' ',
): Words {
  const builder = createAlignedBuilder(text.text.length + bounds.length)
  const moved: number[] = []
  for (let at = 0; at < bounds.length; at += 2) {
    const from = bounds[at]!
    const to = bounds[at + 1]!
    if (from === to) continue
    const start = startOf(text, from)
    const word = text.text.slice(from, to)
    const first = builder.length
    if (needsPrefix(word, from === 0 || start === 0)) builder.add(prefix, start, start)
    builder.copy(text, from, to)
    moved.push(first, builder.length)
  }
  const built = builder.build()
  return {
    text: blank === ' ' ? built : { ...built, text: built.text.replaceAll(' ', blank) },
    bounds: moved,
  }
}

function parseBehaviour(fields: JsonFields, otherwise?: Behaviour): Behaviour {
  const name = fields
    .string('behavior', otherwise)
    .replace(/(?<=.)(?=[A-Z])/g, '-')
    .toLowerCase()
  const behaviour = behaviours.find((known) => known === name)
  if (behaviour === undefined) throw fields.unsupported('behavior', behaviours)
  return behaviour
}

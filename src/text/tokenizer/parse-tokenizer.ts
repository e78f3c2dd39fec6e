/** Makes a tokenizer from the content of tokenizer.json (the format of Hugging Face's library). */
import { appError } from '../../base/errors.ts'
import { type AlignedText, alignedWithItself, endOf, sliceAligned, startOf } from './aligned-text.ts'
import { createEncodingBuilder, type EncodingBuilder } from './encoding-builder.ts'
import { type JsonFields, readFields } from './json-fields.ts'
import type { Model, Vocabulary } from './model.ts'
import { pieceStride } from './model.ts'
import { type Normalizer, parseNormalizer } from './normalizers.ts'
import { parseModel } from './parse-model.ts'
import { type PreTokenizer, parsePreTokenizer } from './pre-tokenizers.ts'
import { createSections, type Section } from './sections.ts'
import { parseTemplate } from './template.ts'
import type { Tokenizer } from './tokenizer.ts'
import { type AddedToken, parseAddedTokens, parseVocabulary } from './vocabulary.ts'

/** The tokenizer that the parsed JSON of `source` describes; throws `tokenizer.invalid` and `tokenizer.unsupported`. */
export function parseTokenizer(json: unknown, source: string): Tokenizer {
  const root = readFields(json, source)
  const added = parseAddedTokens(root)
  const modelFields = root.object('model')
  const { vocabulary, scores } = parseVocabulary(modelFields, added)
  const preTokenizer = optionalPart(root, 'pre_tokenizer', parsePreTokenizer)
  const normalize = optionalPart(root, 'normalizer', parseNormalizer)
  const isByteLevel = preTokenizer?.isByteLevel ?? false
  const model = parseModel(modelFields, { vocabulary, scores, isByteLevel })
  const findId = (token: string): number | undefined => vocabulary.ids.get(token)
  const stages: Stages = { added, normalize, preTokenizer, model }
  return {
    source,
    vocabularySize: vocabulary.pieces.length,
    padId: parsePadId(root, vocabulary),
    unknownId: model.unknownId,
    maskId: findAny(vocabulary, maskNames),
    template: parseTemplate(root.optional('post_processor'), findId),
    maxLength: root.optional('truncation')?.number('max_length'),
    encode: createEncode(stages),
    idOf: findId,
    pieceOf: (id) => vocabulary.pieces[id],
  }
}

function optionalPart<Part>(
  root: JsonFields,
  name: string,
  parse: (fields: JsonFields) => Part,
): Part | undefined {
  const fields = root.optional(name)
  return fields === undefined ? undefined : parse(fields)
}

const padNames = ['[PAD]', '<pad>', '<|padding|>', '<|pad|>'] as const
const maskNames = ['[MASK]', '<mask>'] as const

function findAny({ ids }: Vocabulary, names: readonly string[]): number | undefined {
  const name = names.find((known) => ids.has(known))
  return name === undefined ? undefined : ids.get(name)
}

function parsePadId(root: JsonFields, vocabulary: Vocabulary): number {
  const padding = root.optional('padding')
  if (padding === undefined) {
    const id = findAny(vocabulary, padNames)
    if (id === undefined)
      throw root.problem('padding', `is missing, and the vocabulary has none of ${padNames.join(', ')}`)
    return id
  }
  const id = padding.number('pad_id')
  if (vocabulary.pieces[id] === undefined) throw padding.problem('pad_id', `is ${id}, which is no piece`)
  return id
}

interface Stages {
  readonly added: readonly AddedToken[]
  readonly normalize: Normalizer | undefined
  readonly preTokenizer: PreTokenizer | undefined
  readonly model: Model
}

function createEncode({
  added,
  normalize = (text) => text,
  preTokenizer,
  model,
}: Stages): Tokenizer['encode'] {
  const plain = added.filter((token) => !token.special)
  const rawSections = createSections(plain.filter((token) => !token.normalized))
  const normalSections = createSections(
    plain
      .filter((token) => token.normalized)
      .map((token) => ({ ...token, content: normalize(alignedWithItself(token.content)).text }))
      .filter(({ content }) => content !== ''),
  )

  function encodeText(aligned: AlignedText, result: EncodingBuilder): void {
    eachSection(normalSections(aligned.text), aligned, result, (from, to) => {
      const words =
        preTokenizer === undefined
          ? { text: aligned, bounds: [from, to] }
          : preTokenizer.split({ text: aligned, bounds: [from, to] })
      for (let at = 0; at < words.bounds.length; at += 2)
        addWord(words.text, words.bounds[at]!, words.bounds[at + 1]!, model, result)
    })
  }

  return (text) => {
    const result = createEncodingBuilder(text)
    const aligned = alignedWithItself(text)
    eachSection(rawSections(text), aligned, result, (from, to) =>
      encodeText(normalize(sliceAligned(aligned, from, to)), result),
    )
    return result.build()
  }
}

function eachSection(
  sections: readonly Section[],
  aligned: AlignedText,
  result: EncodingBuilder,
  visit: (from: number, to: number) => void,
): void {
  for (const { from, to, id } of sections) {
    if (id === undefined) visit(from, to)
    else result.add(id, startOf(aligned, from), endOf(aligned, to - 1))
  }
}

function addWord(text: AlignedText, from: number, to: number, model: Model, result: EncodingBuilder): void {
  const pieces = model.cut(text.text.slice(from, to))
  for (let at = 0; at < pieces.length; at += pieceStride) {
    const first = from + pieces[at + 1]!
    const last = from + pieces[at + 2]! - 1
    result.add(pieces[at]!, startOf(text, first), endOf(text, last))
  }
}

/** Throws `tokenizer.vocabulary` where an embedding table of `rows` rows, described in `file`, is too small for the tokenizer. */
export function requireRows(tokenizer: Tokenizer, rows: number, file: string): void {
  if (tokenizer.vocabularySize > rows)
    throw appError('tokenizer.vocabulary', {
      file: tokenizer.source,
      size: tokenizer.vocabularySize,
      config: file,
      rows,
    })
}

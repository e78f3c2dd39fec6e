/** Makes the model of tokenizer.json: WordPiece, BPE or Unigram. */
import { createBpe, type Merge } from './bpe.ts'
import { described, type JsonFields } from './json-fields.ts'
import { type Model, type Vocabulary, withMemory } from './model.ts'
import { createUnigram } from './unigram.ts'
import { createWordPiece } from './word-piece.ts'

/** What the model needs beside its own fields. */
export interface ModelContext {
  readonly vocabulary: Vocabulary
  readonly scores: Float64Array
  readonly isByteLevel: boolean
}

const byType = {
  WordPiece: (fields: JsonFields, { vocabulary }: ModelContext): Model =>
    createWordPiece(vocabulary, {
      unknownId: namedId(fields, 'unk_token', vocabulary),
      prefix: fields.string('continuing_subword_prefix', '##'),
      longestWord: fields.number('max_input_chars_per_word', 100),
    }),
  BPE: parseBpe,
  Unigram: parseUnigram,
}

/** The model at `model`, with a memory for words. */
export function parseModel(fields: JsonFields, context: ModelContext): Model {
  const type = modelType(fields)
  return withMemory(byType[type](fields, context))
}

/** The model's type: files of old versions leave it out. */
function modelType(fields: JsonFields): keyof typeof byType {
  if (!fields.has('type')) {
    if (fields.has('merges')) return 'BPE'
    return Array.isArray(fields.value.vocab) ? 'Unigram' : 'WordPiece'
  }
  const type = fields.string('type')
  if (type === 'WordPiece' || type === 'BPE' || type === 'Unigram') return type
  throw fields.unsupported('type', Object.keys(byType))
}

function namedId(fields: JsonFields, name: string, vocabulary: Vocabulary): number {
  const token = fields.string(name)
  const id = vocabulary.ids.get(token)
  if (id === undefined) throw fields.problem(name, `is "${token}", which the vocabulary does not have`)
  return id
}

function parseBpe(fields: JsonFields, { vocabulary, isByteLevel }: ModelContext): Model {
  for (const name of ['continuing_subword_prefix', 'end_of_word_suffix'])
    if (fields.string(name, '') !== '') throw fields.unsupported(name, ['an empty one'])
  return createBpe(vocabulary, {
    unknownId: fields.has('unk_token') ? namedId(fields, 'unk_token', vocabulary) : undefined,
    merges: parseMerges(fields, vocabulary),
    isByteLevel,
    byteIds: parseByteIds(fields, vocabulary),
    fuseUnknown: fields.boolean('fuse_unk', false),
    ignoreMerges: fields.boolean('ignore_merges', false),
  })
}

/** Merges as `"a b"` or as `["a", "b"]`; those that make a token which no text may be read as are left out. */
function parseMerges(fields: JsonFields, { ids, special }: Vocabulary): readonly Merge[] {
  const merges: Merge[] = []
  fields.list('merges').forEach((entry, rank) => {
    const [first, second, ...more]: readonly unknown[] = Array.isArray(entry)
      ? entry
      : String(entry).split(' ')
    if (typeof first !== 'string' || typeof second !== 'string' || more.length > 0)
      throw fields.problem('merges', `has ${described(entry)} at ${rank} where two pieces are expected`)
    const left = ids.get(first)
    const right = ids.get(second)
    const merged = ids.get(first + second)
    if (left === undefined || right === undefined || merged === undefined)
      throw fields.problem(
        'merges',
        `joins "${first}" and "${second}" at ${rank}, and the vocabulary lacks one of them or "${first + second}"`,
      )
    if (!special.has(merged)) merges.push({ left, right, merged })
  })
  return merges
}

function parseUnigram(fields: JsonFields, { vocabulary, scores }: ModelContext): Model {
  const unknownId = fields.has('unk_id') ? fields.number('unk_id') : undefined
  if (unknownId !== undefined && vocabulary.pieces[unknownId] === undefined)
    throw fields.problem('unk_id', `is ${unknownId}, and the vocabulary has no such piece`)
  if (scores.length === 0) throw fields.problem('vocab', 'has no scores')
  return createUnigram(vocabulary, { unknownId, scores, byteIds: parseByteIds(fields, vocabulary) })
}

/** Ids of `<0x00>` to `<0xFF>` where `byte_fallback` is set and the vocabulary has them all. */
function parseByteIds(fields: JsonFields, vocabulary: Vocabulary): Int32Array | undefined {
  if (!fields.boolean('byte_fallback', false)) return undefined
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const piece = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    const id = vocabulary.ids.get(piece)
    if (id === undefined) throw fields.problem('byte_fallback', `is set, and the vocabulary lacks "${piece}"`)
    return id
  })
}

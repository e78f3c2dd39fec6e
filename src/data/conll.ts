/**
 * CoNLL: tokens with tags, a token a line (sentences parted by blank lines) or a sentence a line; the text is put together
 * from the tokens and the spans get its UTF-16 offsets. Scheme, columns and joiner are recognised unless they are said.
 */
import { AppError, appError } from '../base/errors.ts'
import type { Span } from '../task/types.ts'
import {
  type ConllLayout,
  conllLayout,
  fieldsOf,
  isDocumentStart,
  layoutText,
  splitPair,
  type TaggedToken,
  words,
} from './conll-layout.ts'
import type { FileSample, ReadOptions, TextFile } from './file-text.ts'
import { type Joiner, joinerName, joinerOf, joinTokens } from './join-tokens.ts'
import { allLinesOf, isNotBlank, type Line, readAllLines } from './lines.ts'
import { rowsUntilWrong } from './objects.ts'
import {
  type ExampleRow,
  type FormatReader,
  longestRecord,
  type Recognition,
  type SaidLayout,
} from './reader.ts'
import {
  detectScheme,
  firstBroken,
  foreignTag,
  parseTag,
  type Tag,
  type TagScheme,
  tagSpans,
} from './tag-scheme.ts'

interface Reading {
  readonly file: string
  readonly layout: ConllLayout
  readonly scheme: TagScheme
  readonly joiner: Joiner
  readonly repairs: boolean
}

const previewSentences = 50
const repaired = 'tags that break their scheme, read as conlleval reads them'

export const conllReader: FormatReader = Object.freeze({
  format: 'conll',
  yields: 'example',
  recognise: (sample: FileSample, said: SaidLayout): Recognition | undefined => {
    const layout = conllLayout(sample, said)
    if (layout === undefined) return undefined
    const { file, source } = sample
    const sentences = sampleSentences(sample, layout)
    const reading: Reading = {
      file,
      layout,
      scheme: said.scheme ?? detectScheme(sentences.map((tokens) => tokens.map(({ tag }) => tag))),
      joiner:
        said.joiner === undefined
          ? joinerOf(sentences.flatMap((tokens) => tokens.map(({ token }) => token)))
          : { kind: 'said', text: said.joiner },
      repairs: said.repairTags ?? false,
    }
    return {
      score: /\.(conll|conllu|bio|iob2?|bmes|bioes|bilou|iobes)$/i.test(file) ? 0.95 : 0.92,
      source: {
        file,
        format: 'conll',
        yields: 'example',
        description: `${layoutText(layout)}, ${reading.scheme.toUpperCase()}, ${joinerName(reading.joiner)}`,
        columns: [],
        preview: rowsUntilWrong(sentences.slice(0, previewSentences), (tokens) => [rowOf(tokens, reading)]),
        read: (options) => readRows(source, reading, options),
      },
    }
  },
})

async function* readRows(
  source: TextFile,
  reading: Reading,
  options?: ReadOptions,
): AsyncIterable<readonly ExampleRow[]> {
  const sentences = new Sentences(reading.file, reading.layout)
  for await (const lines of readAllLines(source, options))
    yield lines.flatMap((line) => sentences.push(line)).map((tokens) => rowOf(tokens, reading))
  yield sentences.end().map((tokens) => rowOf(tokens, reading))
}

/** The whole sentences of a sample up to a line that is wrong, which reading the file will name. */
function sampleSentences(sample: FileSample, layout: ConllLayout): readonly (readonly TaggedToken[])[] {
  const sentences = new Sentences(sample.file, layout)
  const found: (readonly TaggedToken[])[] = []
  try {
    for (const line of allLinesOf(sample)) found.push(...sentences.push(line))
    if (sample.whole) found.push(...sentences.end())
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
  }
  return found
}

/** Gathers lines into sentences. */
class Sentences {
  readonly #file: string
  readonly #layout: ConllLayout
  #tokens: TaggedToken[] = []
  #units = 0

  constructor(file: string, layout: ConllLayout) {
    this.#file = file
    this.#layout = layout
  }

  /** The sentences that end with a line. */
  push(line: Line): readonly (readonly TaggedToken[])[] {
    if (!isNotBlank(line) || isDocumentStart(line.text)) return this.end()
    const { kind } = this.#layout
    if (kind !== 'tokens') return [sentenceOf(this.#file, line, this.#layout)]
    const token = tokenOf(this.#file, line, this.#layout, this.#tokens.length === 0)
    if (token === undefined) return []
    this.#tokens.push(token)
    this.#units += line.text.length
    if (this.#units > longestRecord)
      throw appError('data.record-too-long', {
        file: this.#file,
        line: this.#tokens[0]!.line,
        limit: `${longestRecord / 1024 / 1024} million characters`,
      })
    return []
  }

  /** The sentence that was begun. */
  end(): readonly (readonly TaggedToken[])[] {
    const tokens = this.#tokens
    this.#tokens = []
    this.#units = 0
    return tokens.length === 0 ? [] : [tokens]
  }
}

/** The token of a line; absent for a comment, which only a sentence's beginning may have. */
function tokenOf(
  file: string,
  { line, text }: Line,
  layout: Extract<ConllLayout, { kind: 'tokens' }>,
  isFirst: boolean,
): TaggedToken | undefined {
  const fields = fieldsOf(text, layout.separator)
  const tag = fields[layout.tag]
  const isWhole = fields.length === layout.width
  if (isFirst && text.startsWith('#') && (!isWhole || parseTag(tag!) === undefined)) return undefined
  if (!isWhole) {
    const shown = fields.slice(0, 6).map((field) => JSON.stringify(field.slice(0, 20)))
    throw appError('data.conll', {
      file,
      line,
      column: 1,
      problem: `${fields.length} columns where the other lines have ${layout.width} (${shown.join(', ')})`,
      hint: `Write ${layout.width} columns there, parted by ${layout.separator === '\t' ? 'tabs' : 'spaces'}, and a blank line between sentences.`,
    })
  }
  const token = fields[layout.token]!
  const column = columnOf(text, layout, fields)
  if (token !== '') return { token, tag: tag!, line, column }
  const hint = 'Write the token there, or leave the line out.'
  throw appError('data.conll', { file, line, column, problem: 'the token is missing', hint })
}

/** 1-based column of a line on which the tag begins. */
function columnOf(
  text: string,
  layout: Extract<ConllLayout, { kind: 'tokens' }>,
  fields: readonly string[],
): number {
  if (layout.tag === layout.width - 1) return text.trimEnd().length - fields[layout.tag]!.trimEnd().length + 1
  return fields.slice(0, layout.tag).reduce((sum, field) => sum + field.length + 1, 1)
}

function sentenceOf(
  file: string,
  { line, text }: Line,
  layout: Exclude<ConllLayout, { kind: 'tokens' }>,
): readonly TaggedToken[] {
  if (layout.kind === 'pairs') {
    return words(text).map((pair) => {
      const column = text.indexOf(pair) + 1
      const found = splitPair(pair, layout.separator)
      if (found !== undefined) return { token: found[0], tag: found[1], line, column }
      const problem = `${JSON.stringify(pair.slice(0, 40))} is no token${layout.separator}TAG`
      throw appError('data.conll', { file, line, column, problem, hint: 'Write each token with its tag.' })
    })
  }
  const columns = text.split('\t')
  const [tokens, tags] = [words(columns[layout.token] ?? ''), words(columns[layout.tag] ?? '')]
  if (columns.length === 2 && tokens.length === tags.length)
    return tokens.map((token, at) => ({ token, tag: tags[at]!, line, column: 1 }))
  const problem =
    columns.length === 2
      ? `${tokens.length} tokens and ${tags.length} tags`
      : `${columns.length} columns where the other lines have 2`
  const hint =
    'Write a tag for each token, both parted by single spaces, and one tab between tokens and tags.'
  throw appError('data.conll', { file, line, column: 1, problem, hint })
}

function rowOf(tokens: readonly TaggedToken[], reading: Reading): ExampleRow {
  const tags = tokens.map((token) => tagOf(token, reading))
  const broken = firstBroken(tags, reading.scheme)
  if (broken !== undefined && !reading.repairs) {
    const { line, column } = tokens[broken.at]!
    throw appError('data.conll', {
      file: reading.file,
      line,
      column,
      problem: `the tags break the scheme ${reading.scheme.toUpperCase()}: ${broken.problem}`,
      hint: 'Mend the tag, say another --scheme, or say --repair-tags to read such tags as the CoNLL evaluation script does.',
    })
  }
  const { text, starts } = joinTokens(
    tokens.map(({ token }) => token),
    reading.joiner,
  )
  const spans = tagSpans(tags).map((span): Span => {
    const start = starts[span.start]!
    const end = starts[span.end - 1]! + tokens[span.end - 1]!.token.length
    return { start, end, label: span.label, text: text.slice(start, end) }
  })
  return {
    kind: 'example',
    line: tokens[0]!.line,
    input: { kind: 'text', text },
    output: { kind: 'spans', spans },
    ...(broken !== undefined && { mended: [repaired] }),
  }
}

function tagOf({ tag, line, column }: TaggedToken, { file, scheme }: Reading): Tag {
  const problem = foreignTag(tag, scheme)
  if (problem === undefined) return parseTag(tag)!
  const hint = 'Mend the tag, or say the scheme with --scheme and the column of the tags with --output.'
  throw appError('data.conll', { file, line, column, problem, hint })
}

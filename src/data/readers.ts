/** The formats that can be read, and the choice among them for a file. */
import { appError } from '../base/errors.ts'
import { tryParseJson } from '../base/json.ts'
import { anthropicLogShape, openaiLogShape } from './chat-log.ts'
import { conllReader } from './conll.ts'
import { csvReader } from './csv.ts'
import { type FileSample, readSample } from './file-text.ts'
import { jsonDocument } from './json.ts'
import { findLists } from './json-elements.ts'
import { parseJsonLine } from './json-line.ts'
import { jsonLines } from './jsonl.ts'
import { spansShape } from './labelled-spans.ts'
import { langfuseShape } from './langfuse.ts'
import { firstLines } from './lines.ts'
import { litellmShape } from './litellm.ts'
import { recordSource } from './object-records.ts'
import type { ObjectFile } from './objects.ts'
import { isParquet, parquetRows } from './parquet.ts'
import { questionColumnsShape } from './question-columns.ts'
import type { FormatName, FormatReader, Recognition, RowSource, SaidLayout } from './reader.ts'
import { longestRecord } from './reader.ts'
import { type RowShape, recogniseShape } from './row-shape.ts'
import { squadShape } from './squad.ts'
import { tableObjects } from './table-objects.ts'
import { tsvReader } from './tsv.ts'

/** Readers of lines and columns; of two that are equally sure the earlier reads. */
const readers: readonly FormatReader[] = Object.freeze([conllReader, tsvReader, csvReader])

/** What objects may be besides labelled rows, in any container. */
const shapes: readonly RowShape[] = Object.freeze([
  squadShape,
  questionColumnsShape,
  spansShape,
  litellmShape,
  langfuseShape,
  anthropicLogShape,
  openaiLogShape,
])

/** The names that `--format` takes. */
export const formatNames: readonly FormatName[] = Object.freeze([
  'csv',
  'tsv',
  'jsonl',
  'json',
  'parquet',
  'conll',
  'spans',
  'squad',
  'openai-log',
  'anthropic-log',
  'litellm',
  'langfuse',
])

/** Formats whose rows are no objects. */
const lineFormats: readonly FormatName[] = ['csv', 'tsv', 'conll']
/** How sure objects are labelled rows, and where the same text may be a document, too. */
const recordScore = 0.9
const doubtedScore = 0.8
const sampleBytes = 256 * 1024

/** Recognises a file's layout by its beginning, as far as it is not said; what is not recognised is an error. */
export async function openSource(file: string, said: SaidLayout = {}): Promise<RowSource> {
  if (said.format === 'parquet' || (await isParquet(file))) return openParquet(file, said)
  for (let bytes = sampleBytes; ; bytes = Math.min(bytes * 8, longestRecord)) {
    const sample = await readSample(file, bytes, said.encoding)
    refuseEmpty(sample)
    const best = surest(recognitions(sample, said), said)
    const isEnough = best !== undefined && (best.source.preview.length > 1 || bytes >= longestRecord)
    if (best !== undefined && (isEnough || sample.whole)) return best.source
    if (!sample.whole && bytes < longestRecord) continue
    throw unknownFormat(sample, said)
  }
}

async function openParquet(file: string, said: SaidLayout): Promise<RowSource> {
  const rows = await parquetRows(file)
  if (rows.first.length === 0) throw appError('data.empty', { file, detail: ': the table is empty' })
  const best = surest(ofObjects(rows, said, recordScore), said)
  if (best !== undefined) return best.source
  throw appError('data.format-unknown', {
    file,
    problem: `its rows are not of the format ${said.format}`,
    formats: formatNames.join(', '),
  })
}

function recognitions(sample: FileSample, said: SaidLayout): readonly Recognition[] {
  const found = readers.flatMap((reader) =>
    mayRead(reader, sample, said) ? (reader.recognise(sample, said) ?? []) : [],
  )
  const tables = found.flatMap(({ source }) => tableObjects(source) ?? [])
  return [...objectRecognitions(sample, said), ...found, ...tables.flatMap((table) => ofShapes(table, said))]
}

/** JSON has commas too: where a file is JSON by its name, separated columns are not looked for unless they are said. */
function mayRead(reader: FormatReader, sample: FileSample, said: SaidLayout): boolean {
  return said.format === reader.format || !/\.(json|jsonl|ndjson)$/i.test(sample.file)
}

/** Lines of JSON, or a document; one line with a list in it may be either, and what it holds decides. */
function objectRecognitions(sample: FileSample, said: SaidLayout): readonly Recognition[] {
  if (said.format !== undefined && lineFormats.includes(said.format)) return []
  const lines = jsonLines(sample, { isSaid: said.format === 'jsonl' })
  const document = lines === undefined || lines.first.length === 1 ? jsonDocument(sample) : undefined
  const found: Recognition[] = []
  if (lines !== undefined)
    found.push(...ofObjects(lines, said, document === undefined ? recordScore : doubtedScore))
  if (document !== undefined) found.push(...ofObjects(document, said, recordScore))
  return found
}

function ofObjects(objects: ObjectFile, said: SaidLayout, score: number): readonly Recognition[] {
  return [recordSource(objects, score), ...ofShapes(objects, said)]
}

function ofShapes(objects: ObjectFile, said: SaidLayout): readonly Recognition[] {
  return shapes.flatMap((shape) => recogniseShape(shape, objects, said) ?? [])
}

function surest(found: readonly Recognition[], said: SaidLayout): Recognition | undefined {
  let best: Recognition | undefined
  for (const recognition of found) {
    if (said.format !== undefined && recognition.source.format !== said.format) continue
    if (recognition.score > (best?.score ?? 0)) best = recognition
  }
  return best
}

function unknownFormat(sample: FileSample, said: SaidLayout): Error {
  const { file, text } = sample
  const formats = formatNames.join(', ')
  if (!sample.whole && !text.includes('\n')) {
    const limit = `${longestRecord / 1024 / 1024} million characters`
    return appError('data.record-too-long', { file, line: 1, limit })
  }
  if (said.format !== undefined && said.format !== 'csv' && said.format !== 'tsv')
    return appError('data.format-unknown', { file, problem: `it does not look like ${said.format}`, formats })
  const [first] = firstLines(sample, 1)
  if (/^\s*[[{]/.test(text) && first !== undefined) {
    if (findLists(text).length < 2 && tryParseJson(first.text) === undefined) parseJsonLine(file, first)
    return appError('data.format-unknown', { file, problem: listProblem(text), formats })
  }
  const problem =
    'no delimiter (comma, semicolon, tab, bar) gives its lines the same number of columns, at least two'
  return appError('data.format-unknown', { file, problem, formats })
}

function listProblem(text: string): string {
  const lists = findLists(text).map(({ path }) => `"${path.join('.')}"`)
  if (lists.length < 2) return 'it is a JSON document without a list of objects'
  return `it is a JSON document with several lists of objects (${lists.join(', ')}): write the one that holds the rows to a file of its own`
}

function refuseEmpty(sample: FileSample): void {
  if (!sample.whole || sample.text.trim() !== '') return
  const detail = sample.text === '' ? ': the file is empty' : ': it holds only blank lines'
  throw appError('data.empty', { file: sample.file, detail })
}

/**
 * The contract of a format reader: recognise a file by its beginning, then stream its rows in bounded memory.
 * One file a format; `readers.ts` lists them; `reader.contract.ts` is the suite that all pass.
 */
import type { JsonObject } from '../base/json.ts'
import type { Prompt, TaskInput, TaskOutput } from '../task/types.ts'
import type { Usage } from '../wire/call.ts'
import type { SaidColumns } from './columns.ts'
import type { Encoding } from './encoding.ts'
import type { FileSample, ReadOptions } from './file-text.ts'
import type { OffsetUnit } from './locate-spans.ts'
import type { TagScheme } from './tag-scheme.ts'

/**
 * What holds the rows and what they are: labelled rows in six containers, tagged tokens, labelled spans, questions,
 * and four kinds of logs.
 */
export type FormatName =
  | 'csv'
  | 'tsv'
  | 'jsonl'
  | 'json'
  | 'parquet'
  | 'conll'
  | 'spans'
  | 'squad'
  | 'openai-log'
  | 'anthropic-log'
  | 'litellm'
  | 'langfuse'

/** A record of a labelled file. */
export interface RecordRow {
  readonly kind: 'record'
  /** 1-based line on which the record begins; in Parquet, which has no lines, the number of the row. */
  readonly line: number
  /** A text for each of the source's columns; absent where the record has no such value. */
  readonly values: readonly (string | undefined)[]
}

/** A row that is an example as it stands: a text with its spans, or a question with its answer. */
export interface ExampleRow {
  readonly kind: 'example'
  readonly line: number
  /** The row's id in the file, where it has one. */
  readonly name?: string
  readonly input: TaskInput
  readonly output: TaskOutput
  readonly group?: string
  /** What was mended or dropped in it, in words that are the same for the same mistake. */
  readonly mended?: readonly string[]
}

/** A logged request and its answer. */
export interface CallRow {
  readonly kind: 'call'
  readonly line: number
  /** The call's id in the log, where it has one. */
  readonly name?: string
  readonly wire: 'openai-chat' | 'anthropic-messages'
  readonly request: JsonObject
  readonly response: JsonObject
  /** What a template compares; absent where the prompt is not text alone. */
  readonly prompt?: Prompt
  /** The answer's text; absent where there is none to learn from, and then `unusable` says why. */
  readonly answer?: string
  readonly unusable?: string
  readonly model?: string
  readonly usage?: Usage
  readonly status: number
  /** Milliseconds since 1970, UTC, where the log has a time. */
  readonly atMs?: number
  readonly latencyMs?: number
}

/** A row that is well-formed and nothing to learn from; it is counted and not kept. */
export interface SkippedRow {
  readonly kind: 'skipped'
  readonly line: number
  readonly name?: string
  readonly reason: string
}

export type Row = RecordRow | ExampleRow | CallRow | SkippedRow
/** What a source gives besides skipped rows. */
export type RowKind = Exclude<Row['kind'], 'skipped'>

/** What the user said about a file; what is absent is recognised. */
export interface SaidLayout {
  readonly format?: FormatName
  readonly encoding?: Encoding
  /** One character, for separated columns. */
  readonly delimiter?: string
  /** Whether the first record names the columns. */
  readonly header?: boolean
  readonly columns?: SaidColumns
  /** How tags mark the spans of tagged tokens. */
  readonly scheme?: TagScheme
  /** True: tags that break their scheme are read as the CoNLL evaluation script reads them; false: they are refused. */
  readonly repairTags?: boolean
  /** What stands between tokens when their text is put together. */
  readonly joiner?: string
  /** What the offsets of labelled spans count. */
  readonly offsets?: OffsetUnit
}

/** A file whose layout is known. */
export interface RowSource {
  readonly file: string
  readonly format: FormatName
  readonly yields: RowKind
  /** How the file was understood, in words: `comma-separated, with a header`. */
  readonly description: string
  /** Names of the columns; without a header `1`, `2`, … Only records have some. */
  readonly columns: readonly string[]
  /** The first rows. */
  readonly preview: readonly Row[]
  /** All rows in order, some at a time; throws at the first that is not well-formed. */
  read(options?: ReadOptions): AsyncIterable<readonly Row[]>
}

export interface Recognition {
  /** 0..1, how sure the reader is; the surest reads the file. */
  readonly score: number
  readonly source: RowSource
}

export interface FormatReader {
  readonly format: FormatName
  readonly yields: RowKind
  /** Absent where the sample cannot be of this format. */
  recognise(sample: FileSample, said: SaidLayout): Recognition | undefined
}

/** Rows that a reader looks at to recognise a layout, and shows. */
export const previewRows = 1000

/** Longest record, in UTF-16 units: beyond it a quote or a line end is missing. */
export const longestRecord = 32 * 1024 * 1024

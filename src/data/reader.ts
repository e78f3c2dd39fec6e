/**
 * The contract of a format reader: recognise a file by its beginning, then stream its rows in bounded memory.
 * One file a format; `readers.ts` lists them; `reader.contract.ts` is the suite that all pass.
 */
import type { JsonObject } from '../base/json.ts'
import type { Prompt } from '../task/types.ts'
import type { Usage } from '../wire/call.ts'
import type { FileSample, ReadOptions } from './file-text.ts'

export type FormatName = 'csv' | 'tsv' | 'jsonl' | 'openai-log'

/** A record of a labelled file. */
export interface RecordRow {
  readonly kind: 'record'
  /** 1-based line on which the record begins. */
  readonly line: number
  /** A text for each of the source's columns; absent where the record has no such value. */
  readonly values: readonly (string | undefined)[]
}

/** A logged request and its answer. */
export interface CallRow {
  readonly kind: 'call'
  readonly line: number
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

export type Row = RecordRow | CallRow
export type RowKind = Row['kind']

/** What the user said about a file; what is absent is recognised. */
export interface SaidLayout {
  readonly format?: FormatName
  /** One character, for separated columns. */
  readonly delimiter?: string
  /** Whether the first record names the columns. */
  readonly header?: boolean
}

/** A file whose layout is known. */
export interface RowSource {
  readonly file: string
  readonly format: FormatName
  readonly yields: RowKind
  /** How the file was understood, in words: `comma-separated, with a header`. */
  readonly description: string
  /** Names of the columns; without a header `1`, `2`, … Logged calls have none. */
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

/**
 * Files that hold one JSON object a row, whatever holds the objects: lines, a document, columns of a table.
 * What the objects mean is a matter of their shape (`row-shape.ts`).
 */
import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { ReadOptions } from './file-text.ts'
import type { FormatName } from './reader.ts'

/** An object and the 1-based line on which it begins; in Parquet the number of its row. */
export interface ObjectAt {
  readonly line: number
  readonly value: JsonObject
}

export interface ObjectFile {
  readonly file: string
  /** The format whose labelled rows the objects are where they have no other shape. */
  readonly container: Extract<FormatName, 'csv' | 'tsv' | 'jsonl' | 'json' | 'parquet'>
  /** How the objects are held, in words: `a JSON object on each line`. */
  readonly description: string
  /** The first objects; what is not well-formed among them is left out. */
  readonly first: readonly ObjectAt[]
  /** All objects in order, some at a time; throws at the first that is not well-formed. */
  read(options?: ReadOptions): AsyncIterable<readonly ObjectAt[]>
}

/** The rows of the first items up to one that is wrong, which reading the file will name. */
export function rowsUntilWrong<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => readonly Made[],
): readonly Made[] {
  const rows: Made[] = []
  for (const item of items) {
    try {
      rows.push(...make(item))
    } catch (cause) {
      if (cause instanceof AppError) return rows
      throw cause
    }
  }
  return rows
}

/**
 * Parquet, read by the row group: what is held at a time is one row group, at most 1 GiB before compression, whatever the
 * size of the file. Rows have no lines; their numbers stand for them.
 */
import { stat } from 'node:fs/promises'
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet'
import { AppError, appError, throwIfCancelled } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { type ReadOptions, readHead } from './file-text.ts'
import { refuseBadCharacters } from './json-line.ts'
import type { ObjectAt, ObjectFile } from './objects.ts'
import { previewRows } from './reader.ts'

const magic = 'PAR1'
const largestGroup = 2 ** 30
/** Rows of a group that are given on at a time. */
const batchRows = 1000

/** The library and an open file. */
interface Parquet {
  readonly file: string
  readonly buffer: AsyncBuffer
  readonly metadata: FileMetaData
  readonly compressors: Compressors
  readonly sizeBytes: number
}

/** True where a file begins as Parquet does. */
export async function isParquet(file: string): Promise<boolean> {
  return (await readHead(file, magic.length)).toString('latin1') === magic
}

/** The rows of a Parquet file as objects. Throws `data.parquet` where the file is not whole. */
export async function parquetRows(file: string): Promise<ObjectFile> {
  const parquet = await openParquet(file)
  const groups = parquet.metadata.row_groups.length
  return {
    file,
    container: 'parquet',
    description: `Parquet, ${groups === 1 ? 'one row group' : `${groups} row groups`}`,
    first: await firstRows(parquet),
    read: (options) => readGroups(parquet, options),
  }
}

async function openParquet(file: string): Promise<Parquet> {
  const { asyncBufferFromFile, parquetMetadataAsync } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const sizeBytes = (await stat(file)).size
  const buffer = await asyncBufferFromFile(file)
  const tail = sizeBytes < 12 ? '' : Buffer.from(await buffer.slice(sizeBytes - 4)).toString('latin1')
  if (tail !== magic)
    throw appError('data.parquet', {
      file,
      problem: 'it does not end as a Parquet file does: it is cut short',
    })
  try {
    const metadata = await parquetMetadataAsync(buffer)
    return { file, buffer, metadata, compressors, sizeBytes }
  } catch (cause) {
    throw damaged(file, 'its index cannot be read', cause)
  }
}

async function firstRows(parquet: Parquet): Promise<readonly ObjectAt[]> {
  const rows: ObjectAt[] = []
  for (let group = 0; group < parquet.metadata.row_groups.length && rows.length < previewRows; group++)
    rows.push(...(await readGroup(parquet, group, previewRows - rows.length)))
  return rows
}

async function* readGroups(parquet: Parquet, options: ReadOptions = {}): AsyncIterable<readonly ObjectAt[]> {
  const { file, metadata, sizeBytes } = parquet
  const total = Number(metadata.num_rows)
  let done = 0
  for (let group = 0; group < metadata.row_groups.length; group++) {
    const rows = await readGroup(parquet, group)
    for (let from = 0; from < rows.length; from += batchRows) {
      throwIfCancelled(options.signal, `reading ${file}`)
      const batch = rows.slice(from, from + batchRows)
      for (const row of batch) refuseBadCharacters(file, row.line, row.value)
      yield batch
      done += batch.length
      options.progress?.({ stage: 'reading', done: Math.round((sizeBytes * done) / total), total: sizeBytes })
    }
  }
}

async function readGroup(
  parquet: Parquet,
  group: number,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly ObjectAt[]> {
  const { parquetReadObjects } = await import('hyparquet')
  const { file, buffer, metadata, compressors } = parquet
  const { total_byte_size: bytes, num_rows: count } = metadata.row_groups[group]!
  if (bytes > largestGroup)
    throw appError('data.parquet', {
      file,
      problem: `its row group ${group + 1} is larger than 1 GiB; write it with smaller row groups`,
    })
  const rowStart = metadata.row_groups.slice(0, group).reduce((sum, each) => sum + Number(each.num_rows), 0)
  const rowEnd = rowStart + Math.min(Number(count), most)
  try {
    const rows = await parquetReadObjects({ file: buffer, metadata, compressors, rowStart, rowEnd })
    return rows.map((row, at) => ({ line: rowStart + at + 1, value: objectOf(row) }))
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw damaged(file, `its row group ${group + 1} cannot be read`, cause)
  }
}

function objectOf(row: { readonly [name: string]: unknown }): JsonObject {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonOf(value)]))
}

/** A value of Parquet as JSON: whole numbers beyond 2^53 as texts, times in ISO 8601, bytes left out. */
function jsonOf(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return null
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonOf(inner)]))
}

function damaged(file: string, problem: string, cause: unknown): Error {
  const detail = cause instanceof Error ? ` (${cause.message.slice(0, 200)})` : ''
  return appError('data.parquet', { file, problem: `${problem}${detail}: it is cut short or damaged` }, cause)
}

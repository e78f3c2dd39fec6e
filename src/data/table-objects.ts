/** Rows of a table with a header as objects, for shapes that are exported as tables, too. */
import type { ObjectAt, ObjectFile } from './objects.ts'
import type { Row, RowSource } from './reader.ts'

/** The records of a source as objects of texts; absent where it has no named columns. */
export function tableObjects(source: RowSource): ObjectFile | undefined {
  const { file, format, columns, description, preview } = source
  if ((format !== 'csv' && format !== 'tsv') || columns[0] === '1') return undefined
  const objects = (rows: readonly Row[]): readonly ObjectAt[] =>
    rows.flatMap((row): ObjectAt[] => (row.kind === 'record' ? [objectOf(row, columns)] : []))
  return {
    file,
    container: format,
    description,
    first: objects(preview),
    read: async function* read(options) {
      for await (const rows of source.read(options)) yield objects(rows)
    },
  }
}

function objectOf(
  row: { readonly line: number; readonly values: readonly (string | undefined)[] },
  columns: readonly string[],
): ObjectAt {
  const members = columns.flatMap((name, at) => {
    const value = row.values[at]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return { line: row.line, value: Object.fromEntries(members) }
}

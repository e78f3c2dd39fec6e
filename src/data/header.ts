/** Whether the first record of separated columns names the columns. */
import { isKnownColumnName } from './column-names.ts'

/** Longest text that is taken for the name of a column. */
const longestName = 64
/** Records below which statistics say nothing, so that only a known name makes a header. */
const fewestRecords = 6

/**
 * True where the first record looks like names: short, distinct, not numbers, and either one of them is a usual name
 * or a column of few values never repeats its first.
 */
export function hasHeader(records: readonly (readonly string[])[]): boolean {
  const [first, ...rest] = records
  if (first === undefined || !first.every(looksLikeName) || new Set(first).size < first.length) return false
  const repeats = (column: number): boolean => rest.some((record) => record[column] === first[column])
  if (first.some((name, column) => isKnownColumnName(name) && !repeats(column))) return true
  if (rest.length < fewestRecords) return false
  return first.some((_, column) => {
    const values = rest.map((record) => record[column] ?? '')
    const isNumeric = values.every((value) => value !== '' && Number.isFinite(Number(value)))
    const hasFewValues = new Set(values).size * 3 <= values.length
    return (isNumeric || hasFewValues) && !repeats(column)
  })
}

/** The names of a header made distinct and not empty, or `1`, `2`, … where there is none. */
export function columnNames(header: readonly string[] | undefined, width: number): readonly string[] {
  const names: string[] = []
  for (let column = 0; column < width; column++) {
    const name = header?.[column]?.trim() ?? ''
    names.push(name === '' || names.includes(name) ? String(column + 1) : name)
  }
  return names
}

function looksLikeName(text: string): boolean {
  const name = text.trim()
  return name !== '' && name.length <= longestName && !/[\n\r]/.test(name) && !Number.isFinite(Number(name))
}

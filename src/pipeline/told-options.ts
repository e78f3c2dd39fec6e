/** What a card says of the options of a training: all that is short, and of long tables how long they are; the whole stays in the manifest. */
import { isJsonObject, type Json } from '../base/json.ts'

/** A list or a record of so many values is still read. */
const mostValues = 12
/** Of so many lists or records of one shape likewise. */
const mostAlike = 3

/** The same with `N entries` in the place of each part that is a long table. */
export function toldOptions(options: Readonly<Record<string, Json>>): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(options).map(([name, part]) => [name, told(part)]))
}

function told(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  const parts: readonly Json[] = Object.values(value)
  if (parts.length > (areAlike(parts) ? mostAlike : mostValues)) return `${parts.length} entries`
  return isJsonObject(value) ? toldOptions(value) : parts.map(told)
}

/** Lists or records with the same names. */
function areAlike(parts: readonly Json[]): boolean {
  const names = parts.map((part) =>
    typeof part === 'object' && part !== null ? Object.keys(part).join() : undefined,
  )
  return names.every((own) => own !== undefined && own === names[0])
}

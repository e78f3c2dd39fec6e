/** The options of a training in a card's Markdown: a line for each of its parts, long numbers rounded. */
import { isJsonObject, type Json } from '../base/json.ts'

/** Digits of a number that a person still compares. */
const digits = 4

/** Lines of a nested list. */
export function optionLines(options: Readonly<Record<string, Json>>): readonly string[] {
  const plain = Object.entries(options).filter(([, value]) => !isJsonObject(value))
  const parts = Object.entries(options).filter(([, value]) => isJsonObject(value))
  return [
    ...(plain.length > 0 ? [`  - ${plain.map(([name, value]) => pair(name, value)).join(', ')}`] : []),
    ...parts.map(([name, value]) => `  - ${name}: ${flat(value).join(', ')}`),
  ]
}

/** `base.name minilm`. */
function flat(value: Json, path = ''): readonly string[] {
  if (!isJsonObject(value)) return [pair(path, value)]
  return Object.entries(value).flatMap(([name, part]) => flat(part, path === '' ? name : `${path}.${name}`))
}

function pair(name: string, value: Json): string {
  return `${name} ${text(value)}`
}

function text(value: Json): string {
  if (value === null) return 'none'
  if (typeof value === 'number')
    return String(Number.isInteger(value) ? value : Number(value.toPrecision(digits)))
  if (typeof value === 'string') return `\`${value}\``
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`
  return JSON.stringify(value)
}

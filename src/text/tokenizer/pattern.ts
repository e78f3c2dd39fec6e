/** Patterns of tokenizer.json: a string, or a regular expression in Oniguruma's dialect as far as JavaScript reads it too. */
import type { JsonFields } from './json-fields.ts'

/** The pattern at `pattern` as a global JavaScript expression. */
export function parsePattern(fields: JsonFields): RegExp {
  const pattern = fields.object('pattern')
  if (pattern.has('String')) return exactly(pattern.string('String'))
  const source = pattern.string('Regex')
  try {
    return new RegExp(inJavaScript(source), 'gu')
  } catch (cause) {
    const error = pattern.unsupported('Regex', ['expressions that JavaScript can read with the flag u'])
    error.cause = cause
    throw error
  }
}

/** A global expression that matches a text as it is spelled. */
export function exactly(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu')
}

/** White space, words and digits are Unicode's there, and signs may be escaped that need none. */
function inJavaScript(source: string): string {
  return source.replace(/\\([\s\S])/g, (whole, sign: string) => {
    if (Object.hasOwn(classes, sign)) return classes[sign]!
    return /[A-Za-z0-9\\^$.*+?()[\]{}|/-]/.test(sign) ? whole : sign
  })
}

const classes: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
}

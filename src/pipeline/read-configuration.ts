/** Reads `shoal.yaml`: `${NAME}` from the environment, and every mistake with its line, its column and what would be right. */
import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { type AppError, appError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import { nearestName } from '../data/columns.ts'
import { type Configuration, configurationSchema } from './configuration.ts'

export interface ConfigurationSource {
  /** Named in errors. */
  readonly file: string
  readonly text: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

type Document = ReturnType<typeof parseDocument>
type Path = readonly PropertyKey[]

interface Reading {
  readonly source: ConfigurationSource
  readonly document: Document
  readonly lines: LineCounter
}

/** All settings where there is no file. */
export function defaultConfiguration(): Configuration {
  return configurationSchema.parse({})
}

/** The settings of a file; throws `config.invalid` or `config.variable-missing` at the first mistake. */
export function readConfiguration(source: ConfigurationSource): Configuration {
  const lines = new LineCounter()
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false })
  const reading = { source, document, lines }
  const mistake = document.errors[0]
  if (mistake) throw invalid(reading, mistake.pos[0], mistake.message)
  fillVariables(reading)
  const checked = configurationSchema.safeParse(withoutEmptySections(plainOf(reading)))
  if (checked.success) return checked.data
  throw errorOfIssue(reading, checked.error.issues[0]!)
}

/** The values of the document; an alias of nothing is found only here. */
function plainOf(reading: Reading): unknown {
  try {
    return reading.document.toJS()
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause
    throw invalid(
      reading,
      undefined,
      'an alias (a value that begins with *) names no anchor; quote the value if it is none',
    )
  }
}

/** A section whose settings are all commented out is as good as none. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null || value === undefined) return {}
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null))
}

function fillVariables(reading: Reading): void {
  visit(reading.document, {
    Scalar: (key, node) => {
      if (key === 'key' || typeof node.value !== 'string') return
      node.value = node.value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, variable: string) => {
        const value = reading.source.environment[variable]
        if (value !== undefined && value !== '') return value
        const file = place(reading, node.range?.[0])
        throw appError('config.variable-missing', { file, path: node.source ?? '', variable })
      })
    },
  })
}

function errorOfIssue(reading: Reading, issue: z.core.$ZodIssue): AppError {
  if (issue.code === 'unrecognized_keys') return errorOfKey(reading, issue.path, issue.keys[0]!)
  if (issue.code === 'invalid_key') {
    const problem = issue.issues[0]?.message ?? issue.message
    return invalid(reading, offsetOfKey(reading, issue.path), `${issue.path.join('.')}: ${problem}`)
  }
  const node = reading.document.getIn(issue.path, true)
  const offset = isScalar(node) || isMap(node) ? node.range?.[0] : undefined
  const got = isScalar(node) && !mayHoldSecret(issue.path) ? ` (got ${JSON.stringify(node.value)})` : ''
  const { message } = issue
  return invalid(
    reading,
    offset,
    `${issue.path.join('.')}: ${message.charAt(0).toLowerCase()}${message.slice(1)}${got}`,
  )
}

/** Keys, addresses with a password in them, and whatever stands where a section of those should: no message shows them, since the readiness repeats it. */
function mayHoldSecret(path: Path): boolean {
  const [section, ...rest] = path
  const isOfUpstreams = section === 'upstream' || section === 'upstreams'
  const last = rest.at(-1)
  return (
    isOfUpstreams && (rest.length < (section === 'upstreams' ? 2 : 1) || last === 'apiKey' || last === 'url')
  )
}

function errorOfKey(reading: Reading, path: Path, key: string): AppError {
  const known = keysAt(path)
  const nearest = nearestName(key, known)
  const list = known.length === 0 ? '' : ` Known here: ${known.join(', ')}`
  const hint = nearest === undefined ? list : ` Did you mean "${nearest}"?`
  const whole = [...path, key]
  return invalid(reading, offsetOfKey(reading, whole), `"${whole.join('.')}" is no setting.${hint}`)
}

function offsetOfKey({ document }: Reading, path: Path): number | undefined {
  const above = path.slice(0, -1)
  const map = above.length === 0 ? document.contents : document.getIn(above, true)
  const pair = isMap(map) && map.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1))
  return pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined
}

/** The settings that there are at a path. */
function keysAt(path: Path): readonly string[] {
  let at: z.core.JSONSchema.BaseSchema | undefined = z.toJSONSchema(configurationSchema, { io: 'input' })
  for (const key of path) at = at && within(at, key)
  return Object.keys(at?.properties ?? {})
}

/** What the schema says of a member: by its name, or of all where the names are the user's. */
function within(
  schema: z.core.JSONSchema.BaseSchema,
  key: PropertyKey,
): z.core.JSONSchema.BaseSchema | undefined {
  const { properties, additionalProperties, items } = schema
  const found = properties?.[String(key)] ?? additionalProperties ?? (Array.isArray(items) ? items[0] : items)
  return typeof found === 'object' ? found : undefined
}

function invalid(reading: Reading, offset: number | undefined, problem: string): AppError {
  return appError('config.invalid', {
    file: place(reading, offset),
    problem: problem.replace(/[.\s]+$/, '').replace(/\n/g, ' '),
  })
}

function place({ source, lines }: Reading, offset: number | undefined): string {
  if (offset === undefined) return source.file
  const { line, col } = lines.linePos(offset)
  return `${source.file}, line ${line}, column ${col}`
}

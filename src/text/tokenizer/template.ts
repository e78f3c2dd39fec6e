/** The post-processor of tokenizer.json, read as templates: which special tokens stand where, and the type ids. */
import { described, type JsonFields } from './json-fields.ts'
import type { Template, TemplatePart } from './tokenizer.ts'

/** Gives the id of a token, or `undefined` where the vocabulary has none. */
export type FindId = (token: string) => number | undefined

const types = ['TemplateProcessing', 'BertProcessing', 'RobertaProcessing', 'ByteLevel', 'Sequence'] as const

const bare: Template = {
  single: [{ kind: 'text', part: 0, typeId: 0 }],
  pair: [
    { kind: 'text', part: 0, typeId: 0 },
    { kind: 'text', part: 1, typeId: 0 },
  ],
}

/** The templates that a post-processor describes; texts stand bare where there is none. */
export function parseTemplate(fields: JsonFields | undefined, findId: FindId): Template {
  return (fields === undefined ? undefined : templateOf(fields, findId)) ?? bare
}

/** `undefined` for post-processors that frame nothing. */
function templateOf(fields: JsonFields, findId: FindId): Template | undefined {
  const type = types.find((known) => known === fields.string('type'))
  if (type === undefined) throw fields.unsupported('type', types)
  return byType[type](fields, findId)
}

const byType: {
  readonly [T in (typeof types)[number]]: (fields: JsonFields, findId: FindId) => Template | undefined
} = {
  ByteLevel: () => undefined,
  Sequence: (fields, findId) => {
    const framing = fields
      .objects('processors')
      .map((step) => templateOf(step, findId))
      .filter((template) => template !== undefined)
    if (framing.length > 1) throw fields.problem('processors', 'frames the text more than once')
    return framing[0]
  },
  TemplateProcessing: parseTemplateProcessing,
  BertProcessing: (fields, findId) => {
    const begin = endToken(fields, 'cls', findId)
    const end = endToken(fields, 'sep', findId)
    return {
      single: [special(begin, 0), text(0, 0), special(end, 0)],
      pair: [special(begin, 0), text(0, 0), special(end, 0), text(1, 1), special(end, 1)],
    }
  },
  RobertaProcessing: (fields, findId) => {
    const begin = endToken(fields, 'cls', findId)
    const end = endToken(fields, 'sep', findId)
    const first = [special(begin, 0), text(0, 0), special(end, 0)]
    return { single: first, pair: [...first, special(end, 0), text(1, 0), special(end, 0)] }
  },
}

function special(id: number, typeId: number): TemplatePart {
  return { kind: 'special', id, typeId }
}

function text(part: 0 | 1, typeId: number): TemplatePart {
  return { kind: 'text', part, typeId }
}

/** `["[SEP]", 102]`, checked against the vocabulary. */
function endToken(fields: JsonFields, name: string, findId: FindId): number {
  const [token, id] = fields.list(name)
  if (typeof token !== 'string' || typeof id !== 'number')
    throw fields.problem(name, `is ${described(fields.value[name])} where a token with its id is expected`)
  return checkedId(fields, name, token, id, findId)
}

function checkedId(fields: JsonFields, name: string, token: string, id: number, findId: FindId): number {
  const known = findId(token)
  if (known !== id)
    throw fields.problem(
      name,
      `gives "${token}" the id ${id}, ${known === undefined ? 'and the vocabulary has no such token' : `which is ${known} in the vocabulary`}`,
    )
  return id
}

function parseTemplateProcessing(fields: JsonFields, findId: FindId): Template {
  const ids = new Map<string, readonly number[]>()
  const specials = fields.object('special_tokens')
  for (const name of Object.keys(specials.value)) {
    const entry = specials.object(name)
    const tokens = entry.list('tokens')
    ids.set(
      name,
      entry
        .list('ids')
        .map((id, index) => checkedId(entry, 'ids', String(tokens[index]), Number(id), findId)),
    )
  }
  return {
    single: parseParts(fields, 'single', ids, 1),
    pair: fields.has('pair') ? parseParts(fields, 'pair', ids, 2) : bare.pair,
  }
}

function parseParts(
  fields: JsonFields,
  name: string,
  ids: ReadonlyMap<string, readonly number[]>,
  texts: number,
): readonly TemplatePart[] {
  const parts = fields.objects(name).flatMap((item): readonly TemplatePart[] => {
    const sequence = item.optional('Sequence')
    if (sequence !== undefined) return [text(parseSequenceName(sequence), sequence.number('type_id', 0))]
    const token = item.object('SpecialToken')
    const known = ids.get(token.string('id'))
    if (known === undefined) throw token.problem('id', 'is not among special_tokens')
    return known.map((id) => special(id, token.number('type_id', 0)))
  })
  const given = parts.filter((part) => part.kind === 'text').map((part) => part.part)
  if (given.length !== texts || new Set(given).size !== texts)
    throw fields.problem(name, `has ${given.length} places for texts where ${texts} are expected`)
  return parts
}

function parseSequenceName(sequence: JsonFields): 0 | 1 {
  const name = sequence.string('id')
  if (name !== 'A' && name !== 'B') throw sequence.unsupported('id', ['A', 'B'])
  return name === 'A' ? 0 : 1
}

/** What an answer's fields are written as: JSON, `Name: value` lines, a value a line, or one value; learned, read, written. */
import { jsonBody } from '../json-leaves.ts'
import { type CountedText, countTexts } from '../tally.ts'
import { textRendering } from '../text-rendering.ts'
import type { BodyForm, FieldRendering } from './field-rendering.ts'
import { type JsonBody, learnJsonWriting } from './json-layout.ts'
import { type JsonTree, jsonTree, writeJson } from './json-tree.ts'

/** From this share of the answers on a form is taken for the task's own. */
const formShare = 0.8
/** Answers are values a line where they have this many lines on average. */
const listLines = 1.2
const mostNames = 50
const seenPerName = 5

export type LearnedBody = Pick<FieldRendering, 'before' | 'after' | 'body'>

/** The form of most of the answers, which are not empty. */
export function learnBody(answers: readonly string[]): LearnedBody {
  const json = answers.flatMap((answer) => jsonIn(answer) ?? [])
  if (json.length >= formShare * answers.length) {
    const { before, after } = usual(json, ({ before, after }) => JSON.stringify([before, after]))
    return { before, after, body: { kind: 'json', ...learnJsonWriting(json) } }
  }
  return learnLines(answers) ?? learnPlain(answers)
}

/** The tree of an answer; `undefined` where it has another form. What stands around it is compared when it is written. */
export function readBody({ before, after, body }: LearnedBody, answer: string): JsonTree | undefined {
  if (body.kind === 'json') return jsonIn(answer)?.tree
  const end = answer.length - after.length
  if (end < before.length || !answer.startsWith(before) || !answer.endsWith(after)) return undefined
  const inside = answer.slice(before.length, end)
  if (body.kind === 'plain') return { kind: 'string', text: inside }
  const lines = inside.split('\n')
  if (!lines.every((line) => line.startsWith(body.lead))) return { kind: 'string', text: inside }
  const rest = lines.map((line) => line.slice(body.lead.length))
  if (body.kind === 'items') return { kind: 'list', items: rest.map((text) => ({ kind: 'string', text })) }
  const members = rest.map((line): readonly [string, JsonTree] | undefined => {
    const at = line.indexOf(body.separator)
    if (at < 0) return undefined
    return [line.slice(0, at), { kind: 'string', text: line.slice(at + body.separator.length) }]
  })
  return members.every((member) => member !== undefined) ? { kind: 'object', members } : undefined
}

/** An answer's text; `undefined` where its form cannot say the tree. */
export function writeBody({ before, after, body }: LearnedBody, tree: JsonTree): string | undefined {
  const inside = body.kind === 'json' ? writeJson(tree, body) : writeLines(body, tree)
  return inside === undefined ? undefined : before + inside + after
}

function writeLines(body: Exclude<BodyForm, { kind: 'json' }>, tree: JsonTree): string | undefined {
  if (tree.kind === 'string') return tree.text
  if (tree.kind === 'list' && body.kind === 'items') {
    const lines = tree.items.map((item) => (item.kind === 'string' ? body.lead + item.text : undefined))
    return lines.every((line) => line !== undefined) ? lines.join('\n') : undefined
  }
  if (tree.kind !== 'object' || body.kind !== 'lines') return undefined
  const lines = tree.members.map(([key, value]) =>
    value.kind === 'string' ? body.lead + key + body.separator + value.text : undefined,
  )
  return lines.every((line) => line !== undefined) ? lines.join('\n') : undefined
}

function jsonIn(answer: string): (JsonBody & { before: string; after: string }) | undefined {
  const body = jsonBody(answer)
  const tree = body && jsonTree(body.text)
  if (!body || !tree) return undefined
  const end = body.start + body.text.length
  return { text: body.text, tree, before: answer.slice(0, body.start), after: answer.slice(end) }
}

const namedLine = /^(\s*(?:[-*•]\s+)?)([^:：]{1,40}?)(\s*[:：]\*{0,2}\s*)(.*)$/

function learnLines(answers: readonly string[]): LearnedBody | undefined {
  const read = answers.flatMap((answer) => {
    const lines = answer
      .trim()
      .split('\n')
      .map((line) => namedLine.exec(line))
    return lines.every((line) => line !== null) ? [{ answer, lines }] : []
  })
  if (read.length < formShare * answers.length) return undefined
  const lines = read.flatMap((one) => one.lines)
  const names = new Set(lines.map((line) => line[2]!))
  if (names.size > mostNames || lines.length < seenPerName * names.size) return undefined
  return {
    ...around(read.map((one) => one.answer)),
    body: {
      kind: 'lines',
      lead: usual(lines, (line) => line[1]!)[1]!,
      separator: usual(lines, (line) => line[3]!)[3]!,
    },
  }
}

function learnPlain(answers: readonly string[]): LearnedBody {
  const lines = answers.flatMap((answer) => answer.trim().split('\n'))
  if (lines.length >= listLines * answers.length) {
    const leads = lines.map((line) => /^\s*(?:[-*•]\s+)?/.exec(line)![0])
    return { ...around(answers), body: { kind: 'items', lead: usual(leads, (lead) => lead) } }
  }
  const counted = [...countTexts(answers)].map(([text, count]): CountedText => ({ text, count }))
  const { before, after } = textRendering(counted, formShare * answers.length)
  return { before, after, body: { kind: 'plain' } }
}

/** White space around the answers. */
function around(answers: readonly string[]): Pick<LearnedBody, 'before' | 'after'> {
  const ends = answers.map((answer) => ({
    before: /^\s*/.exec(answer)![0],
    after: answer.trim() === '' ? '' : /\s*$/.exec(answer)![0],
  }))
  return usual(ends, ({ before, after }) => JSON.stringify([before, after]))
}

/** The first of the items with the most frequent key. */
function usual<T>(items: readonly T[], keyOf: (item: T) => string): T {
  const counts = countTexts(items.map(keyOf))
  const most = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
  return items.find((item) => keyOf(item) === most)!
}

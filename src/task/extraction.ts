/**
 * Extraction: an output is spans of the input, each with a label; what is served is the answer that the rendering makes of
 * them. Two outputs say the same where their answers are the same to the byte.
 */
import type { FieldNode, FieldRendering, FieldRule } from './fields/field-rendering.ts'
import { applyRule, asItStands } from './fields/field-rule.ts'
import { inTextOrder, renderFields } from './fields/render-fields.ts'
import { writeAnswer } from './question-answering/answer-rendering.ts'
import { render } from './rendering.ts'
import type { Rendering, Span, Task, TaskInput, TaskOutput } from './types.ts'

/** The label of spans that came without one. */
export const unnamedLabel = 'entity'

/** How spans are written where no upstream showed how: JSON of all of them, offsets in characters (code points). */
export function plainFields(labels: readonly string[]): FieldRendering {
  return {
    kind: 'fields',
    before: '',
    after: '',
    body: {
      kind: 'json',
      layout: { indent: '', inlineFrom: 0, comma: ',', colon: ':', padded: false },
      escapes: { nonAscii: 'literal', ascii: '' },
    },
    root: {
      kind: 'object',
      members: [
        {
          key: 'entities',
          node: {
            kind: 'list',
            labels: labels.map((label) => ({ label, type: label })),
            rule: asItStands,
            entry: {
              kind: 'object',
              unit: 'characters',
              members: [
                { key: 'text', role: { kind: 'text' } },
                { key: 'label', role: { kind: 'type' } },
                { key: 'start', role: { kind: 'start' } },
                { key: 'end', role: { kind: 'end', is: 'after' } },
              ],
            },
            distinct: false,
            missing: { kind: 'empty-list' },
          },
        },
      ],
    },
  }
}

/** An output as the upstream would have written it; `undefined` where the rendering cannot write it. */
export function answerText(rendering: Rendering, input: TaskInput, output: TaskOutput): string | undefined {
  if (output.kind === 'text') return output.text
  if (output.kind === 'answer') return writeAnswer(rendering, input, output)
  if (rendering.kind === 'answer') return undefined
  if (output.kind === 'labels' && output.labels.length === 1 && rendering.kind !== 'fields')
    return render(rendering, output.labels[0]!)
  if (output.kind === 'spans' && rendering.kind === 'fields' && input.kind === 'text')
    return renderFields(rendering, input.text, output.spans)
  return undefined
}

/** True for the tasks whose answers are made of spans by a rendering. */
export function hasFields(task: Pick<Task, 'rendering'>): task is { readonly rendering: FieldRendering } {
  return task.rendering.kind === 'fields'
}

/** A part of an answer of spans: its label, and what two parts must share to be the same. */
export interface AnswerPart {
  readonly label: string
  readonly key: string
}

/**
 * The parts that the answer made of spans says: values where it says values, places where it says offsets; each once. Of
 * several spans for a field with one value the answer says the first only.
 */
export function partsOf(rendering: FieldRendering, spans: readonly Span[]): readonly AnswerPart[] {
  const rules = new Map<string, PartRule>()
  noteRules(rendering.root, rules)
  const parts = new Map<string, AnswerPart>()
  const filled = new Set<string>()
  for (const { label = unnamedLabel, start, end, text } of spans.toSorted(inTextOrder)) {
    const { says, isSingle } = rules.get(label) ?? { says: 'place', isSingle: false }
    if (isSingle && filled.has(label)) continue
    filled.add(label)
    const said = says === 'place' ? `${start} ${end}` : (applyRule(says, text) ?? `? ${text}`)
    const key = `${label}\n${said}`
    parts.set(key, { label, key })
  }
  return [...parts.values()]
}

/** What a part of a label says, and whether an answer has one such part at most. */
interface PartRule {
  readonly says: FieldRule | 'place'
  readonly isSingle: boolean
}

/** 0..1: share of an answer's parts that are wrong, missing or too much; of a wrong field counted once. */
export function partsLoss(expected: readonly AnswerPart[], said: readonly AnswerPart[]): number {
  const keys = new Set(expected.map(({ key }) => key))
  const right = said.filter(({ key }) => keys.has(key)).length
  const all = Math.max(expected.length, said.length)
  return all === 0 ? 0 : 1 - right / all
}

function noteRules(node: FieldNode, rules: Map<string, PartRule>): void {
  switch (node.kind) {
    case 'constant':
    case 'presence':
      return
    case 'value':
      rules.set(node.label, { says: node.rule, isSingle: true })
      return
    case 'list': {
      const { entry } = node
      const saysPlace =
        entry.kind === 'object' &&
        entry.members.some(({ role }) => role.kind === 'start' || role.kind === 'end')
      for (const { label } of node.labels)
        rules.set(label, { says: saysPlace ? 'place' : node.rule, isSingle: false })
      return
    }
    case 'object':
      for (const { node: child } of node.members) noteRules(child, rules)
  }
}

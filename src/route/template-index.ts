/**
 * Finds the few templates that a prompt may match without trying all: by roles, the texts of messages without a slot,
 * and the beginning of the first message with one. Which of them matches is for `task/template.ts` to say.
 */
import { constantLength } from '../task/template.ts'
import type { Message, Prompt, PromptTemplate } from '../task/types.ts'

export interface TemplateIndex<T> {
  /** What may match, the most constant text first. */
  candidates(prompt: Prompt): readonly T[]
}

/** Lengths of beginnings that are compared; a template takes the longest that its first constant covers. */
const beginnings = [1024, 256, 64, 16, 0] as const

/** Which messages are constant, where the first slot stands, and how much of the text before it is compared. */
interface Plan {
  readonly fixed: readonly number[]
  readonly slotted: number | undefined
  readonly beginning: number
}

interface Group<T> {
  readonly plan: Plan
  readonly entries: Map<string, Entry<T>[]>
}

interface Entry<T> {
  readonly constants: number
  readonly value: T
}

/** Builds the index; values of equally much constant text keep their order. */
export function templateIndex<T>(
  values: readonly T[],
  templateOf: (value: T) => PromptTemplate,
): TemplateIndex<T> {
  const shapes = new Map<string, Map<string, Group<T>>>()
  for (const value of values) {
    const template = templateOf(value)
    const plan = planOf(template)
    const groups = getOrMake(shapes, shapeOf(template.messages), () => new Map<string, Group<T>>())
    const group = getOrMake(groups, JSON.stringify(plan), (): Group<T> => ({ plan, entries: new Map() }))
    const key = keyOf(plan, (at) => template.messages[at]!.constants[0]!)
    const entries = getOrMake(group.entries, key, (): Entry<T>[] => [])
    entries.push({ constants: constantLength(template), value })
    entries.sort((a, b) => b.constants - a.constants)
  }
  const groupsByShape = new Map([...shapes].map(([shape, groups]) => [shape, [...groups.values()]]))
  return {
    candidates: (prompt) => {
      const found: Entry<T>[] = []
      for (const { plan, entries } of groupsByShape.get(shapeOf(prompt.messages)) ?? []) {
        const some = entries.get(keyOf(plan, (at) => prompt.messages[at]!.content))
        if (some) found.push(...some)
      }
      if (found.length > 1) found.sort((a, b) => b.constants - a.constants)
      return found.map((entry) => entry.value)
    },
  }
}

function planOf(template: PromptTemplate): Plan {
  const fixed: number[] = []
  let slotted: number | undefined
  for (const [at, message] of template.messages.entries()) {
    if (message.slots.length === 0) fixed.push(at)
    else slotted ??= at
  }
  const before = slotted === undefined ? 0 : template.messages[slotted]!.constants[0]!.length
  return { fixed, slotted, beginning: beginnings.find((length) => length <= before)! }
}

function keyOf(plan: Plan, contentAt: (at: number) => string): string {
  let key = plan.slotted === undefined ? '' : contentAt(plan.slotted).slice(0, plan.beginning)
  for (const at of plan.fixed) key += `\0${contentAt(at)}`
  return key
}

function shapeOf(messages: readonly Pick<Message, 'role'>[]): string {
  return messages.map((message) => message.role).join('\n')
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  return made
}

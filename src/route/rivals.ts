/** Whether two templates could both match one prompt; said conservatively, so that `false` is certain. */
import { constantLength } from '../task/template.ts'
import type { PromptTemplate, TemplateMessage } from '../task/types.ts'

/** True where a prompt that `template` matches might go to `other`, because that one has no less constant text. */
export function mayLoseTo(template: PromptTemplate, other: PromptTemplate): boolean {
  if (template === other || other.messages.length !== template.messages.length) return false
  if (!template.messages.every((message, at) => mayBothMatch(message, other.messages[at]!))) return false
  return constantLength(other) >= constantLength(template)
}

function mayBothMatch(a: TemplateMessage, b: TemplateMessage): boolean {
  if (a.role !== b.role) return false
  const [aFirst, bFirst] = [a.constants[0]!, b.constants[0]!]
  if (a.slots.length === 0 && b.slots.length === 0) return aFirst === bFirst
  if (!aFirst.startsWith(bFirst) && !bFirst.startsWith(aFirst)) return false
  const [aLast, bLast] = [a.constants.at(-1)!, b.constants.at(-1)!]
  return aLast.endsWith(bLast) || bLast.endsWith(aLast)
}

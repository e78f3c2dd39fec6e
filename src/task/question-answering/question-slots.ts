/**
 * Which slot of a template holds the question; all other slots are the context, or, where there is no other, the longest
 * constant of the prompt, as in questions about one document. The slot is named `question` in templates of such tasks.
 */
import type { Slots } from '../template.ts'
import type { PromptTemplate, TaskInput, TemplateMessage } from '../types.ts'

/** The name of the question's slot. */
export const questionSlot = 'question'

/** A call's slots and what was answered. */
export interface SlottedAnswer {
  readonly slots: Slots
  readonly answer: string
}

/** A slot, and 0..1 how much its name and its texts look like questions. */
export interface QuestionSlot {
  readonly name: string
  readonly evidence: number
}

const questionName = /(?:^|-)(?:q|question|query|frage|pregunta)(?:$|-)/
/** English, German, French, Spanish and Chinese words that begin a question. */
const questionWord =
  /^\s*(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|did|does|do|can|name|wer|was|wann|wo|warum|wie|welche[rsn]?|qui|que|quoi|quand|où|comment|pourquoi|quel(?:le)?s?|qué|quién|cuándo|dónde|cómo|cuál)\b/iu
const questionEnd = /[?？]\s*["'”’)]*\s*$|[吗呢]\s*$/u

/** The slot that is most like a question, other than that in which the answers stand. */
export function findQuestionSlot(
  calls: readonly SlottedAnswer[],
  template: PromptTemplate,
  stands: (answer: string, text: string) => boolean,
): QuestionSlot | undefined {
  const names = template.messages.flatMap(({ slots }) => slots)
  const share = (holds: (call: SlottedAnswer) => boolean): number =>
    calls.filter(holds).length / Math.max(1, calls.length)
  const standing = names.map((name) => share(({ slots, answer }) => stands(answer, slots[name]!)))
  const lengths = names.map((name) => calls.reduce((sum, { slots }) => sum + slots[name]!.length, 0))
  // Of slots in which as many answers stand the longest is the context.
  const isContext = (a: number, b: number): boolean =>
    standing[a]! > standing[b]! || (standing[a] === standing[b] && lengths[a]! > lengths[b]!)
  const context = names.length < 2 ? undefined : [...names.keys()].reduce((a, b) => (isContext(b, a) ? b : a))
  let best: QuestionSlot | undefined
  for (const [at, name] of names.entries()) {
    if (at === context) continue
    const asked = share(({ slots }) => questionEnd.test(slots[name]!) || questionWord.test(slots[name]!))
    const evidence = questionName.test(name) ? Math.max(asked, 0.95) : asked
    if (best === undefined || evidence > best.evidence) best = { name, evidence }
  }
  return best
}

/** The template with the question's slot named so, and what stands in the slots of the first by the names of this one. */
export function withQuestionSlot(
  template: PromptTemplate,
  name: string,
): { readonly template: PromptTemplate; readonly rename: (slots: Slots) => Slots } {
  const taken = new Set(template.messages.flatMap(({ slots }) => slots))
  const free = (wanted: string): string => (taken.has(wanted) ? free(`${wanted}-2`) : wanted)
  const renamed = (slot: string): string =>
    slot === name ? questionSlot : slot === questionSlot ? free('context') : slot
  const messages = template.messages.map(
    (message): TemplateMessage => ({
      ...message,
      slots: message.slots.map(renamed),
      ...(message.closed && {
        closed: Object.fromEntries(Object.entries(message.closed).map(([slot, of]) => [renamed(slot), of])),
      }),
    }),
  )
  const rename = (slots: Slots): Slots =>
    Object.fromEntries(Object.entries(slots).map(([slot, text]) => [renamed(slot), text]))
  return { template: { ...template, messages }, rename }
}

/** The question and the context that stand in a template's slots. */
export function questionInput(
  template: PromptTemplate,
  slots: Slots,
): Extract<TaskInput, { kind: 'question' }> {
  const parts = template.messages.flatMap((message) => contextParts(message, slots))
  const context = parts.length > 0 ? parts.join('\n') : longestConstant(template)
  return { kind: 'question', question: slots[questionSlot] ?? '', context }
}

/** The only slot of the context, where there is just one besides the question's. */
export function contextSlot(template: PromptTemplate): string | undefined {
  const names = template.messages.flatMap(({ slots }) => slots)
  const [name, ...others] = names.filter((slot) => slot !== questionSlot)
  return others.length === 0 && names.length === 2 ? name : undefined
}

/** Slots of a message one after the other with the constants between them, the question's left out. */
function contextParts({ constants, slots: names }: TemplateMessage, slots: Slots): readonly string[] {
  const parts: string[] = []
  let open = false
  for (const [at, name] of names.entries()) {
    if (name === questionSlot) open = false
    else if (open) parts[parts.length - 1] += constants[at]! + slots[name]!
    else {
      parts.push(slots[name]!)
      open = true
    }
  }
  return parts
}

function longestConstant({ messages }: PromptTemplate): string {
  return messages
    .flatMap(({ constants }) => constants)
    .reduce((longest, constant) => (constant.length > longest.length ? constant : longest), '')
}

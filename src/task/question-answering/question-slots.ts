/**
 * Which slot of a template holds the question; all other slots are the context, or, where there is no other, the longest
 * constant of the prompt, as in questions about one document. The slot is named `question` in templates of such tasks.
 */
import type { Slots } from '../template.ts'
import type { Message, PromptTemplate, TaskInput, TemplateMessage } from '../types.ts'

/** The name of the question's slot. */
const questionSlot = 'question'

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
  const parts = template.messages.flatMap((message) =>
    runsOf(message).map((run) => run.head + between(message, run, slots) + run.tail),
  )
  const context = parts.length > 0 ? parts.join('\n') : longestConstant(template)
  return { kind: 'question', question: slots[questionSlot] ?? '', context }
}

/** True where a question and its context can be put into the template: there is one place for each. */
export function hasOneContext(template: PromptTemplate): boolean {
  return template.messages.flatMap(runsOf).length === 1
}

/** The messages of a template that has one context, with this question and this context in their places. */
export function questionMessages(
  template: PromptTemplate,
  { question, context }: Extract<TaskInput, { kind: 'question' }>,
): readonly Message[] {
  return template.messages.map((message) => {
    const { role, constants, slots: names } = message
    const [run] = runsOf(message)
    const content = constants.map((constant, at) => {
      if (run !== undefined && at > run.from && at < run.to) return ''
      const begins = run?.to === at ? run.tail.length : 0
      const ends = constant.length - (run?.from === at ? run.head.length : 0)
      const filled = run?.from === at ? context : names[at] === questionSlot ? question : ''
      return constant.slice(begins, ends) + filled
    })
    return { role, content: content.join('') }
  })
}

/**
 * Slots of the context that follow one another, from the slot `from` to before the slot `to`, and what of the lines that
 * they stand in is the same in all calls: it may be part of an answer, too.
 */
interface ContextRun {
  readonly from: number
  readonly to: number
  readonly head: string
  readonly tail: string
}

function runsOf({ constants, slots: names }: TemplateMessage): readonly ContextRun[] {
  const runs: ContextRun[] = []
  for (let from = 0; from < names.length; from++) {
    if (names[from] === questionSlot) continue
    let to = from + 1
    while (to < names.length && names[to] !== questionSlot) to++
    runs.push({ from, to, head: lineEnd(constants, from), tail: lineBeginning(constants, to) })
    from = to
  }
  return runs
}

function between(
  { constants, slots: names }: TemplateMessage,
  { from, to }: ContextRun,
  slots: Slots,
): string {
  return names
    .slice(from, to)
    .map((name, at) => (at === 0 ? '' : constants[from + at]!) + slots[name]!)
    .join('')
}

/** The longest part of a constant that is taken into a context. */
const longestTaken = 200
/** What ends a heading, such as `Text: ` or `<text>`, and what closes a text, such as `</text>` or a quotation mark. */
const announces = /[:=>：\-#"'`“「([]\s*$/
const closes = /^\s*[<"'`”」)\]\-#]/

/** The end of the constant before a slot, from its last line break on; nothing where it announces the text. */
function lineEnd(constants: readonly string[], at: number): string {
  const constant = constants[at]!
  const lineBreak = constant.lastIndexOf('\n')
  const end = constant.slice(lineBreak + 1)
  const isOwnLine = lineBreak >= 0 || at === 0
  return !isOwnLine || end.length > longestTaken || announces.test(end) ? '' : end
}

/** The beginning of the constant behind a slot, up to its first line break; nothing where it closes the text. */
function lineBeginning(constants: readonly string[], at: number): string {
  const constant = constants[at]!
  const lineBreak = constant.indexOf('\n')
  const start = lineBreak < 0 ? constant : constant.slice(0, lineBreak)
  const isOwnLine = lineBreak >= 0 || at === constants.length - 1
  return !isOwnLine || start.length > longestTaken || closes.test(start) ? '' : start
}

function longestConstant({ messages }: PromptTemplate): string {
  return messages
    .flatMap(({ constants }) => constants)
    .reduce((longest, constant) => (constant.length > longest.length ? constant : longest), '')
}

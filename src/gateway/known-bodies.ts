/**
 * Bodies that a client program writes again and again, the same to the byte but for the input: where one is known, only
 * the input is parsed. What is found is exactly what parsing and recognising the whole body would give (property-tested):
 * the bytes around the input are those of a body that was understood, and what stands between them is the inside of the
 * same JSON string.
 */
import { randomBytes } from 'node:crypto'
import { canonicalJson, isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import type { TaskBook } from '../route/recognise.ts'
import { mayLoseTo } from '../route/rivals.ts'
import type { ServedTask } from '../route/specialist.ts'
import type { ChatCall, ChatForm } from './chat-form.ts'

export interface KnownBodies {
  /** The call that a body is, where its form is known. */
  find(body: Buffer, header: string | undefined): ChatCall | undefined
  /** Remembers the form of a body that was understood the long way. */
  learn(body: Buffer, options: { readonly call: ChatCall; readonly header: string | undefined }): void
}

/** The bytes around the input, and what they mean. */
interface Known {
  readonly before: Buffer
  readonly after: Buffer
  readonly header: string | undefined
  readonly form: ChatForm
  /** Tokens of the messages without the one that holds the input, and bytes of that one's constants. */
  readonly otherTokens: number
  readonly constantBytes: number
  hits: number
}

/** Where the input stands: which message, and the constants around it. */
interface Place {
  readonly message: number
  readonly before: string
  readonly after: string
}

/** Forms that are held; a gateway of more busy programs than this parses the others' bodies whole. */
const mostKnown = 64
/** Shorter inputs may stand by chance elsewhere in the body too. */
const leastInput = 4
const mostSkipped = 4096

/** Nothing is known at first; everything is forgotten when the book is replaced. */
export function knownBodies(currentBook: () => TaskBook): KnownBodies {
  let book: TaskBook | undefined
  let known: Known[] = []
  let [skip, skipped] = [0, 0]
  const renew = (): void => {
    if (book === currentBook()) return
    book = currentBook()
    known = []
    skip = 0
    skipped = 0
  }
  return {
    find: (body, header) => {
      if (book !== currentBook()) renew()
      for (let at = 0; at < known.length; at++) {
        const one = known[at]!
        if (one.header !== header || !surrounds(one, body)) continue
        const call = callIn(one, body)
        if (call === undefined) return undefined
        one.hits++
        if (at > 0) {
          known[at] = known[at - 1]!
          known[at - 1] = one
        }
        return call
      }
      return undefined
    },
    learn: (body, { call, header }) => {
      renew()
      if (skipped++ < skip) return
      skipped = 0
      const learned = learnForm(body, { call, header, book: currentBook() })
      if (learned && known.length >= mostKnown) {
        const leaving = known.pop()
        skip = leaving?.hits === 0 ? Math.min(mostSkipped, skip * 2 + 1) : 0
      }
      if (learned) known.push(learned)
      else skip = Math.min(mostSkipped, skip * 2 + 1)
    },
  }
}

/** Compared from the end of `before` inwards first: that is where forms of one program differ. */
function surrounds({ before, after }: Known, body: Buffer): boolean {
  const from = before.length
  const end = body.length - after.length
  return (
    end >= from &&
    body[from - 1] === before[from - 1] &&
    body.compare(after, 0, after.length, end, body.length) === 0 &&
    body.compare(before, 0, from, 0, from) === 0
  )
}

function callIn(one: Known, body: Buffer): ChatCall | undefined {
  const written = body.toString('utf8', one.before.length, body.length - one.after.length)
  let text: string
  try {
    text = JSON.parse(`"${written}"`)
  } catch {
    return undefined // The string ends before `after`: another form, which is parsed whole.
  }
  const bytes = one.constantBytes + Buffer.byteLength(text)
  return {
    form: one.form,
    input: { kind: 'text', text },
    promptTokens: one.otherTokens + Math.ceil(bytes / 4),
  }
}

interface Learning {
  readonly call: ChatCall
  readonly header: string | undefined
  readonly book: TaskBook
}

function learnForm(body: Buffer, { call, header, book }: Learning): Known | undefined {
  const { form, input } = call
  const { served } = form.recognised
  if (input?.kind !== 'text' || !served || input.text.length < leastInput) return undefined
  if (form.recognised.by === 'template' && hasRival(served, book)) return undefined
  const text = body.toString()
  const place = placeOf(form, tryParseJson(text), input.text)
  if (!place || !Buffer.from(text).equals(body)) return undefined
  const found = findWritten(text, { input: input.text, place })
  if (!found) return undefined
  const constantBytes = Buffer.byteLength(place.before) + Buffer.byteLength(place.after)
  const whole = Math.ceil((constantBytes + Buffer.byteLength(input.text)) / 4)
  return {
    before: Buffer.from(text.slice(0, found.start)),
    after: Buffer.from(text.slice(found.end)),
    header,
    form,
    otherTokens: call.promptTokens - whole,
    constantBytes,
    hits: 0,
  }
}

function hasRival(served: ServedTask, book: TaskBook): boolean {
  const { template } = served.task
  if (!template) return false
  return book.recognisable.some((other) => other.task.template && mayLoseTo(template, other.task.template))
}

/** The message that holds the whole input: the one with the template's only slot, or the last of a bare input. */
function placeOf({ recognised }: ChatForm, value: Json | undefined, input: string): Place | undefined {
  const messages = messagesOf(value)
  const template = recognised.served?.task.template
  if (recognised.isBare) {
    // With a template of one message some bare input might be a whole prompt.
    if (template?.messages.length === 1) return undefined
    return { message: messages.length - 1, before: '', after: '' }
  }
  const slotted = template?.messages.flatMap((message, at) =>
    message.slots.length > 0 ? [{ message, at }] : [],
  )
  const [only, ...others] = slotted ?? []
  if (!only || others.length > 0 || only.message.slots.length > 1 || only.message.closed) return undefined
  const [before, after] = [only.message.constants[0]!, only.message.constants[1]!]
  const isThere = contentOf(messages[only.at]) === before + input + after
  return isThere ? { message: only.at, before, after } : undefined
}

function messagesOf(value: Json | undefined): readonly Json[] {
  const messages = isJsonObject(value) ? value['messages'] : undefined
  return Array.isArray(messages) ? messages : []
}

function contentOf(message: Json | undefined): string | undefined {
  const content = isJsonObject(message) ? message['content'] : undefined
  return typeof content === 'string' ? content : undefined
}

/** Where the input stands in the body's text: another text put there must come back from the same message, and change nothing else. */
function findWritten(
  text: string,
  { input, place }: { readonly input: string; readonly place: Place },
): { readonly start: number; readonly end: number } | undefined {
  const written = JSON.stringify(input).slice(1, -1)
  const other = `other ${randomBytes(8).toString('hex')}`
  const expected = canonicalJson(withContent(tryParseJson(text), place, other))
  let start = text.indexOf(written)
  for (let tries = 0; start >= 0 && tries < 4; tries++) {
    const end = start + written.length
    const changed = tryParseJson(text.slice(0, start) + other + text.slice(end))
    if (changed !== undefined && canonicalJson(changed) === expected) return { start, end }
    start = text.indexOf(written, start + 1)
  }
  return undefined
}

function withContent(value: Json | undefined, place: Place, input: string): Json {
  if (!isJsonObject(value)) return null
  const messages = messagesOf(value).map((message, at) =>
    at === place.message && isJsonObject(message)
      ? { ...message, content: place.before + input + place.after }
      : message,
  )
  return { ...value, messages }
}

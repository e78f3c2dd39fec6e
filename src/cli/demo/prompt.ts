/** The job of the demonstration as a team would write it: one prompt, one mail in it, a JSON answer. */
import type { Mail } from './corpus.ts'

export const demoTask = 'mail-spam'
export const demoModel = 'stand-in-large'

const instruction = `You sort incoming mail for a small company's help desk.
Decide whether the mail is "ham" (wanted: personal, mailing lists, newsletters people signed up for) or "spam" (unsolicited, advertising, fraud).
Answer with JSON only, in this form: {"label": "ham"} or {"label": "spam"}.`

const before = 'Mail:\n"""\n'
const after = '\n"""\nIs this mail ham or spam?'

/** The body of the chat call that asks about a mail. */
export function callFor(text: string): string {
  return JSON.stringify({
    model: demoModel,
    temperature: 0,
    response_format: { type: 'json_object' },
    messages: [
      { role: 'system', content: instruction },
      { role: 'user', content: before + text + after },
    ],
  })
}

/** The mail that a user message asks about. */
export function mailIn(message: string): string | undefined {
  const inside = message.startsWith(before) && message.endsWith(after)
  return inside ? message.slice(before.length, message.length - after.length) : undefined
}

/** The upstream's way of writing a label. */
export function answerFor(label: Mail['label']): string {
  return JSON.stringify({ label }).replace(':', ': ')
}

/** Questions as they are given on the command line: the text they are about by a flag, or both in lines of JSON. */
import { readFile, stat } from 'node:fs/promises'
import { appError } from '../base/errors.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import type { Task, TaskInput } from '../task/types.ts'

/** The text that `--context` names: that of a file, or its own; throws `usage.invalid` for a task that has no contexts. */
export async function contextOf(
  { id, kind }: Pick<Task, 'id' | 'kind'>,
  said: string | undefined,
): Promise<string | undefined> {
  if (said === undefined) return undefined
  if (kind !== 'question-answering')
    throw appError('usage.invalid', {
      problem: `--context is for tasks of questions, and "${id}" is ${kind}`,
      hint: 'Leave it out.',
    })
  return (await isFile(said)) ? readFile(said, 'utf8') : said
}

/** A question: the text itself where the context is known, else JSON with both. Throws `usage.invalid`. */
export function questionOf(
  text: string,
  { context, line }: { readonly context: string | undefined; readonly line: number | undefined },
): Extract<TaskInput, { kind: 'question' }> {
  if (context !== undefined) return { kind: 'question', question: text, context }
  const value = tryParseJson(text)
  if (isJsonObject(value)) {
    const { question, context: about } = value
    if (typeof question === 'string' && typeof about === 'string')
      return { kind: 'question', question, context: about }
  }
  throw appError('usage.invalid', {
    problem: `${line === undefined ? 'the question' : `line ${line}`} comes without the text that it is about`,
    hint: 'Give that with --context, or write {"question": "…", "context": "…"}.',
  })
}

async function isFile(path: string): Promise<boolean> {
  if (path.length > 4096 || path.includes('\n')) return false
  try {
    return (await stat(path)).isFile()
  } catch {
    return false // What is no path is the text itself.
  }
}

/** Inputs without outputs: of a file, or of the kept calls of a task, whoever answered them. */
import { throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { chooseInput } from '../data/columns.ts'
import { readSample } from '../data/file-text.ts'
import { readLines } from '../data/lines.ts'
import type { Row, SaidLayout } from '../data/reader.ts'
import { openSource } from '../data/readers.ts'
import type { Mask } from '../data/to-example.ts'
import { inputOf, matchTemplate } from '../task/template.ts'
import type { Prompt, Task, TaskInput } from '../task/types.ts'
import type { Store } from '../trace/store.ts'
import { keptPrompt } from './call-texts.ts'

/** Inputs above this number are not read. */
const inputLimit = 500_000

export interface UnlabelledOptions extends WorkOptions {
  readonly mask: Mask
  readonly layout?: SaidLayout
  /** Column of the inputs, by name or number; absent: it is recognised. */
  readonly input?: string
}

/** The inputs of a file, masked: a line each of a file that ends with .txt, else rows, of which outputs are not read. */
export async function loadInputs(file: string, options: UnlabelledOptions): Promise<readonly TaskInput[]> {
  const { mask, layout, input, signal, progress } = options
  if (/\.txt$/i.test(file)) return loadLines(file, options)
  const source = await openSource(file, { ...layout })
  const column = source.yields === 'record' ? chooseInput(source, input === undefined ? {} : { input }) : 0
  const inputs: TaskInput[] = []
  for await (const rows of source.read({ ...(signal && { signal }), ...(progress && { progress }) })) {
    for (const row of rows) {
      const text = textOf(row, column)
      if (text !== undefined && text.trim() !== '') inputs.push({ kind: 'text', text: mask(text) })
    }
  }
  return inputs.slice(0, inputLimit)
}

async function loadLines(
  file: string,
  { mask, layout, signal, progress }: UnlabelledOptions,
): Promise<readonly TaskInput[]> {
  const { source } = await readSample(file, 1, layout?.encoding)
  const inputs: TaskInput[] = []
  for await (const lines of readLines(source, { ...(signal && { signal }), ...(progress && { progress }) }))
    for (const { text } of lines) inputs.push({ kind: 'text', text: mask(text) })
  return inputs.slice(0, inputLimit)
}

function textOf(row: Row, column: number): string | undefined {
  if (row.kind === 'record') return row.values[column]
  return row.kind === 'example' && row.input.kind === 'text' ? row.input.text : undefined
}

/** What the kept calls of a task asked: as they were masked when they were kept. */
export async function keptInputs(
  store: Store,
  task: Task,
  { signal, progress }: WorkOptions,
): Promise<readonly TaskInput[]> {
  const inputs: TaskInput[] = []
  for await (const call of store.calls.iterate({ task: task.id, audits: false, limit: inputLimit })) {
    throwIfCancelled(signal, 'reading the calls')
    const prompt = keptPrompt(call)
    const input = prompt && inputIn(prompt, task)
    if (input !== undefined) inputs.push(input)
    if (inputs.length % 1000 === 0) progress?.({ stage: 'reading calls', done: inputs.length })
  }
  return inputs
}

/** The input in a prompt: in the slots of the task's template, or of a task without one its only message. */
function inputIn(prompt: Prompt, task: Task): TaskInput | undefined {
  if (task.template) {
    const found = matchTemplate(task.template, prompt)
    return found && inputOf(task, found.slots)
  }
  const [only, ...others] = prompt.messages
  return only?.role === 'user' && others.length === 0 ? { kind: 'text', text: only.content } : undefined
}

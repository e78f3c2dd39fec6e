/** A person's right answer for a kept call: checked against the task's outputs, kept, and counted for or against the specialist. */
import type { Clock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import type { CallId, SpecialistId } from '../base/ids.ts'
import { nearestName } from '../data/columns.ts'
import { readBody } from '../task/fields/body.ts'
import { readAnswer } from '../task/question-answering/answer-rendering.ts'
import { read, render } from '../task/rendering.ts'
import { inputOf, matchTemplate } from '../task/template.ts'
import type { Task } from '../task/types.ts'
import { maskJsonText } from '../text/mask-json.ts'
import type { Store } from '../trace/store.ts'
import { answerLoss } from '../trust/answer-loss.ts'
import { certifiedBy } from '../trust/signature.ts'
import type { Call } from '../wire/call.ts'
import { keptAnswer, keptPrompt } from './call-texts.ts'

export interface CorrectionRequest {
  readonly call: CallId
  /** As the upstream would have written it; a bare label is written so. */
  readonly output: string
}

export interface Corrected {
  readonly call: CallId
  readonly task: Task['id']
  /** The answer as it was kept. */
  readonly output: string
  /** Whether the answer that the client got says something else; absent where it was no text. */
  readonly wasWrong?: boolean
  /** The version whose promise the answer was given under, where a specialist had answered: this counts in its test. */
  readonly specialist?: SpecialistId
}

/** What is checked before anything is kept. */
interface Accepted {
  readonly corrected: Corrected
  readonly atMs: number
  /** As in a `Check`. */
  readonly loss?: number
}

/** Keeps corrections, all or none of them; throws `call.unknown`, `call.no-task` or `correction.invalid` for the first that cannot be. */
export async function correctCalls(
  store: Store,
  requests: readonly CorrectionRequest[],
  clock: Clock,
): Promise<readonly Corrected[]> {
  const accepted: Accepted[] = []
  for (const request of requests) accepted.push(await accept(store, request, clock))
  for (const one of accepted) await keep(store, one)
  return accepted.map(({ corrected }) => corrected)
}

async function accept(
  store: Store,
  { call: id, output }: CorrectionRequest,
  clock: Clock,
): Promise<Accepted> {
  const call = await store.calls.get(id)
  if (!call) throw appError('call.unknown', { call: id })
  const task = call.task === undefined ? undefined : await store.tasks.get(call.task)
  if (call.task === undefined) throw appError('call.no-task', { call: id })
  const checked = task ? checkedOutput(task, output) : output
  const written = task?.masked === false ? checked : maskJsonText(checked)
  const loss = lossOf(call, task, written)
  const specialist = certifiedBy(call.servedBy)
  return {
    corrected: {
      call: id,
      task: call.task,
      output: written,
      ...(loss !== undefined && { wasWrong: loss > 0 }),
      ...(specialist && { specialist }),
    },
    atMs: clock.nowMs(),
    ...(loss !== undefined && { loss }),
  }
}

async function keep(store: Store, { corrected, atMs, loss }: Accepted): Promise<void> {
  const { call, task, output, specialist } = corrected
  await store.corrections.put({ call, task, atMs, output })
  if (specialist === undefined || loss === undefined) return
  await store.checks.put({ call, task, specialist, atMs, source: 'correction', wrong: loss > 0, loss })
}

/** The output as the upstream would have written it. */
function checkedOutput(task: Task, output: string): string {
  const { rendering, space } = task
  if (rendering.kind === 'fields') {
    if (readBody(rendering, output) !== undefined) return output
    throw appError('correction.invalid', {
      task: task.id,
      output: shortened(output),
      problem: 'it is not JSON as the upstream writes it',
      hint: 'Give the whole answer, such as the upstream gives for this task.',
    })
  }
  if (rendering.kind === 'answer')
    return readAnswer(rendering, output) === undefined ? render(rendering.found, output.trim()) : output
  if (space.kind !== 'labels') return output
  const label = read(rendering, output) ?? output.trim()
  if (space.labels.includes(label)) return render(rendering, label)
  if (space.labels.includes(output.trim())) return render(rendering, output.trim())
  const nearest = nearestName(label, space.labels)
  const some = space.labels.slice(0, 20).join(', ')
  throw appError('correction.invalid', {
    task: task.id,
    output: shortened(output),
    problem: 'it says none of its labels',
    hint:
      nearest === undefined
        ? `Its labels are: ${some}${space.labels.length > 20 ? ', …' : ''}.`
        : `Did you mean "${nearest}"?`,
  })
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** How far the answer that the client got is from the right one; `undefined` where it was no text. */
function lossOf(call: Call, task: Task | undefined, right: string): number | undefined {
  const local = keptAnswer(call)
  if (local === undefined) return undefined
  if (!task) return local.trim() === right.trim() ? 0 : 1
  const prompt = keptPrompt(call)
  const found = prompt && task.template && matchTemplate(task.template, prompt)
  const input = found ? inputOf(task, found.slots) : { kind: 'text' as const, text: '' }
  return answerLoss(task, { input, local, other: right })
}

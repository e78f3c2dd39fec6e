/** Gathers what a task can be trained on: imported examples, rows of a file, and kept calls that the upstream answered. */
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { ModelName, TaskId } from '../base/ids.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { Example } from '../data/example.ts'
import { type LearnedTask, learnTask } from '../task/from-calls.ts'
import type { Refusal } from '../task/refusal.ts'
import type { RiskTarget, Task, TaskKind } from '../task/types.ts'
import type { Store } from '../trace/store.ts'
import { notLearnable, outputSpace, type SpaceOutcome } from './output-space.ts'
import { type AnsweredCall, callExamples, noCalls, readCalls } from './read-calls.ts'

/** Rows above this number are not read; the newest calls would be left out, and the notes say so. */
const rowLimit = 500_000
const defaultRisk: RiskTarget = Object.freeze({ risk: 0.02, delta: 0.05 })

export interface RowsRequest extends WorkOptions {
  readonly task: TaskId
  /** What was said with `--kind`. */
  readonly kind?: TaskKind
  readonly risk?: number
  readonly delta?: number
  /** What the certificate is to be about; as it was before where nothing is said. */
  readonly promise?: 'parts' | 'answers'
  /** True: labels that differ only in case or spaces are written as the most frequent of them; false: they are refused. */
  readonly mergeLabels: boolean
  /** Rows of a file to train on instead of what the store holds. */
  readonly examples?: readonly Example[]
  readonly test?: readonly Example[]
}

export interface TaskRows {
  /** The task as it will be published: its space, rendering and template learned from the rows. */
  readonly task: Task
  readonly examples: readonly Example[]
  readonly test?: readonly Example[]
  /** The model that answered most of the calls that were learned from. */
  readonly answeredBy?: ModelName
  /** What was left out and why, in sentences. */
  readonly notes: readonly string[]
}

/** Reads the rows of a task and learns what it is. Throws `train.no-rows` and what {@link outputSpace} throws. */
export async function gatherRows(store: Store, request: RowsRequest): Promise<TaskRows> {
  const known = await store.tasks.get(request.task)
  const imported = request.examples ?? (await readExamples(store, request))
  const { calls, answeredBy } = request.examples
    ? noCalls
    : await readCalls(store, { ...request, limit: rowLimit })
  const learned =
    calls.length > 0
      ? learnTask(calls, request.kind === undefined ? {} : { taskKind: request.kind })
      : undefined
  if (imported.length === 0) requireLearned(request.task, calls.length, learned)
  const task = learned?.kind === 'learned' ? learned : undefined
  const spaced = outputSpace({
    task: request.task,
    mergeLabels: request.mergeLabels,
    imported,
    fromCalls: task ? callExamples(task, calls) : [],
    ...(request.kind !== undefined && { said: request.kind }),
    ...(request.test && { test: request.test }),
    ...(task && { learned: task }),
    ...(known && { known }),
  })
  return {
    task: taskOf(request, { spaced, known, learned, answeredBy }),
    examples: spaced.examples,
    ...(spaced.test && { test: spaced.test }),
    ...(task && answeredBy !== undefined && { answeredBy }),
    notes: [...notesOf(calls.length, learned), ...(task ? escalatedNotes(calls) : []), ...spaced.notes],
  }
}

interface TaskParts {
  readonly spaced: SpaceOutcome
  readonly known: Task | undefined
  readonly learned: LearnedTask | Refusal | undefined
  readonly answeredBy: ModelName | undefined
}

/** The task as it will be published; what nobody says again stays as it was. */
function taskOf(request: RowsRequest, { spaced, known, learned, answeredBy }: TaskParts): Task {
  const { kind, space, rendering } = spaced
  const promise = request.promise ?? known?.promise
  return {
    id: request.task,
    kind,
    space,
    rendering,
    ...templateOf(learned, known),
    risk: {
      risk: request.risk ?? known?.risk.risk ?? defaultRisk.risk,
      delta: request.delta ?? known?.risk.delta ?? defaultRisk.delta,
    },
    ...(promise === 'parts' && kind === 'extraction' && { promise }),
    ...upstreamOf(known, answeredBy),
    masked: known?.masked ?? true,
    paused: known?.paused ?? false,
  }
}

function templateOf(
  learned: LearnedTask | Refusal | undefined,
  known: Task | undefined,
): Pick<Task, 'template'> {
  const template = learned?.kind === 'learned' ? learned.template : known?.template
  return template === undefined ? {} : { template }
}

/** The upstream model as it was set, or the one that answered the calls. */
function upstreamOf(known: Task | undefined, answeredBy: ModelName | undefined): Pick<Task, 'upstream'> {
  const upstream = known?.upstream ?? answeredBy
  return upstream === undefined ? {} : { upstream }
}

function requireLearned(task: TaskId, calls: number, learned: LearnedTask | Refusal | undefined): void {
  if (learned === undefined) throw appError('train.no-rows', { task })
  if (learned.kind === 'refusal') throw notLearnable(task, calls, learned)
}

async function readExamples(store: Store, request: RowsRequest): Promise<readonly Example[]> {
  const examples: Example[] = []
  for await (const example of store.examples.iterate(request.task)) {
    throwIfCancelled(request.signal, 'reading the examples')
    if (examples.length === rowLimit) break
    examples.push(example)
    if (examples.length % 1000 === 0) request.progress?.({ stage: 'reading examples', done: examples.length })
  }
  return examples
}

/** Of calls that are no fair sample of the task's, what that means for what is measured on them. */
function escalatedNotes(calls: readonly AnsweredCall[]): readonly string[] {
  const escalated = calls.filter(({ isEscalated }) => isEscalated).length
  if (escalated === 0) return []
  const fair = calls.filter(({ isFairSample }) => isFairSample).length
  return [
    `${escalated} of the ${calls.length} calls came upstream because an earlier specialist was unsure of them or found them novel; of those that it answered only audits are among them, ${fair}. So hard calls weigh more here than among all calls of the task: coverage and scores are those of calls drawn like these, and so is the promise.`,
  ]
}

function notesOf(calls: number, learned: LearnedTask | Refusal | undefined): readonly string[] {
  if (learned === undefined) return []
  if (learned.kind === 'refusal') return [`The ${calls} kept calls were not used: ${learned.message}`]
  const leftOut = learned.leftOut
    .filter(({ count }) => count > 0)
    .map(
      ({ reason, count, seen }) =>
        `${count} calls left out (${reason})${seen[0] ? `, such as ${JSON.stringify(seen[0].text)}` : ''}`,
    )
  const never =
    learned.neverSeen.length === 0
      ? []
      : [`never seen in an answer, so never predicted: ${learned.neverSeen.join(', ')}`]
  return [...leftOut, ...never, ...learned.notes]
}

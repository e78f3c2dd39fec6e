/**
 * Distillation: a larger specialist says how likely each label is of inputs that nobody labelled, and the smaller one learns
 * from that (Hinton, Vinyals and Dean, 2015). What it says is never judged by: not in the calibration rows, not in the
 * test rows, and none of these rows was the teacher's to learn from.
 */
import { appError } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { duplicateKey } from '../data/duplicate-key.ts'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import { KeyTable } from '../data/key-table.ts'
import type { SplitOutcome } from '../data/splits.ts'
import type { Prediction } from '../task/predictor.ts'
import type { Task, TaskInput } from '../task/types.ts'
import type { Teacher } from './teacher.ts'

export interface Teaching {
  readonly teacher: Teacher
  /** What it is to label; inputs that are rows of the task already are left out. */
  readonly inputs: readonly TaskInput[]
}

interface Taught {
  readonly task: Task
  readonly splits: SplitOutcome
}

/**
 * Rows for the training part, labelled by the teacher, each once and none a duplicate of a row in any part.
 * Throws `train.teacher-unfit`, `train.teacher-saw`, `train.nothing-to-teach` and `cancelled`.
 */
export async function teach(
  { teacher, inputs }: Teaching,
  { task, splits }: Taught,
  options: WorkOptions,
): Promise<readonly Example[]> {
  requireFit(teacher, task)
  requireUnseen(teacher, splits)
  const fresh = unknownInputs(inputs, splits)
  if (fresh.length === 0)
    throw appError('train.nothing-to-teach', {
      ...{ teacher: teacher.reference.id, given: inputs.length, known: inputs.length },
    })
  const { signal, progress } = options
  const said = await teacher.ask(fresh, { ...(signal && { signal }), ...(progress && { progress }) })
  return fresh.map((input, at) => taughtRow(input, said[at]!, { teacher, task }))
}

/** What the card says of it. */
export function taughtNote({ teacher }: Teaching, taught: readonly Example[]): string {
  return `${taught.length} of the training rows have no label of their own: ${teacher.reference.id} (${teacher.reference.digest.slice(0, 12)}) said how likely it takes each label to be. None of the calibration and test rows was labelled by it, and it was trained on none of them.`
}

function taughtRow(
  input: TaskInput,
  { output, distribution: soft }: Prediction,
  { teacher, task }: { readonly teacher: Teacher; readonly task: Task },
): Example {
  if (soft === undefined) throw unfit(teacher, task, 'it does not say how likely each label is')
  return { id: exampleId(input), input, output, soft, source: 'synthetic', weight: 1 }
}

function requireFit(teacher: Teacher, task: Task): void {
  const [own, asked] = [teacher.task.space, task.space]
  if (asked.kind !== 'labels' || asked.multiple)
    throw unfit(teacher, task, 'the task does not answer with one label')
  if (own.kind !== 'labels' || own.multiple) throw unfit(teacher, task, 'it does not answer with one label')
  const foreign = own.labels.filter((label) => !asked.labels.includes(label))
  if (foreign.length > 0) throw unfit(teacher, task, `its label "${foreign[0]}" is none of the task's`)
}

function unfit(teacher: Teacher, task: Task, problem: string): Error {
  return appError('train.teacher-unfit', { teacher: teacher.reference.id, task: task.id, problem })
}

/** Rows that it learned from stay in the training part of the split; a test file has its own rows. */
function requireUnseen({ reference, parts }: Teacher, { calibration, test, dropped }: SplitOutcome): void {
  const learned = (rows: readonly Example[]): number =>
    rows.filter(({ id }) => parts.get(id) === 'train').length
  for (const [part, count] of [
    ['calibration', learned(calibration.examples)],
    ['test', learned(test.examples) + learned(dropped)],
  ] as const)
    if (count > 0) throw appError('train.teacher-saw', { teacher: reference.id, count, part })
}

function unknownInputs(inputs: readonly TaskInput[], splits: SplitOutcome): readonly TaskInput[] {
  const known = new KeyTable()
  const { train, calibration, test, dropped } = splits
  for (const rows of [train.examples, calibration.examples, test.examples, dropped])
    for (const { input } of rows) known.add(duplicateKey(input))
  return inputs.filter((input) => {
    const key = duplicateKey(input)
    if (known.find(key) !== undefined) return false
    known.add(key)
    return true
  })
}

// Runs one batch through sessions one after another: texts of several specialists share the sessions that they have in
// common, and part where each goes on with its own.

import { encoderInputs } from '../../../model/encoder/encoder.ts'
import type { EncodedBatch } from '../../../model/encoder/encoder-session.ts'
import { padBatch } from '../../../model/encoder/framing.ts'
import type { Session, Tensors } from '../../../runtime/runtime.ts'
import { float32Tensor, int32Tensor, type Tensor } from '../../../runtime/tensor.ts'

/** A session that is given what the one before it made. Texts share a run where their steps are the same object. */
export interface Step {
  readonly session: Session
  /** Further inputs that are the same for all texts: an adapter. */
  readonly with?: Tensors
}

/** What a batch has of one request. */
export interface BatchPart {
  readonly steps: readonly Step[]
  readonly padId: number
  readonly texts: readonly Int32Array[]
  readonly also: { readonly [name: string]: readonly Int32Array[] }
  /** Numbers of the request's texts that are in the batch. */
  readonly rows: Int32Array
  deliver(batch: EncodedBatch): void
  fail(cause: unknown): void
}

/** Runs the texts of all parts, padded to `time` tokens; what goes wrong is told to those it concerns. */
export async function runSteps(parts: readonly BatchPart[], time: number): Promise<void> {
  const ordered = together(parts, 0)
  try {
    await descend(ordered, 0, { time, kept: inputsOf(ordered, time), made: {} })
  } catch (cause) {
    for (const part of ordered) part.fail(cause)
  }
}

/** What texts have become. */
interface Level {
  readonly time: number
  /** Inputs that every step may read. */
  readonly kept: Tensors
  /** Outputs of the step before, which only the next one reads. */
  readonly made: Tensors
}

/** Parts in an order in which those that share their steps stand together. */
function together(parts: readonly BatchPart[], depth: number): readonly BatchPart[] {
  if (parts.every(({ steps }) => steps.length <= depth)) return parts
  return groupsOf(parts, depth).flatMap((group) => together(group, depth + 1))
}

function groupsOf(parts: readonly BatchPart[], depth: number): readonly (readonly BatchPart[])[] {
  const groups = new Map<Step | undefined, BatchPart[]>()
  for (const part of parts) {
    const step = part.steps[depth]
    groups.set(step, [...(groups.get(step) ?? []), part])
  }
  return [...groups.values()]
}

async function descend(parts: readonly BatchPart[], depth: number, level: Level): Promise<void> {
  let begin = 0
  await Promise.all(
    groupsOf(parts, depth).map((group) => {
      const end = group.reduce((sum, { rows }) => sum + rows.length, begin)
      const own = sliced(level, begin, end, group.length === parts.length)
      begin = end
      return follow(group, depth, own)
    }),
  )
}

/** Goes on with parts that share the step of this depth, or hands out what there is where no step is left. */
async function follow(parts: readonly BatchPart[], depth: number, level: Level): Promise<void> {
  const step = parts[0]!.steps[depth]
  try {
    if (!step) return handOut(parts, level)
    const made = await step.session.run(inputsFor(step, level), { give: true })
    await descend(parts, depth + 1, { ...level, made })
  } catch (cause) {
    for (const part of parts) part.fail(cause)
  }
}

/** A run takes its inputs' memory along: what others still read is copied, the step before's outputs are not. */
function inputsFor({ session: { inputNames }, with: fixed }: Step, { kept, made }: Level): Tensors {
  const inputs: Record<string, Tensor> = { ...made }
  for (const [name, tensor] of Object.entries({ ...kept, ...fixed })) {
    if (inputNames.includes(name)) inputs[name] = { ...tensor, data: tensor.data.slice() } as Tensor
  }
  return inputs
}

function handOut(parts: readonly BatchPart[], level: Level): void {
  let begin = 0
  for (const part of parts) {
    const end = begin + part.rows.length
    part.deliver({ rows: part.rows, time: level.time, outputs: sliced(level, begin, end).made })
    begin = end
  }
}

function sliced(level: Level, begin: number, end: number, isAll = false): Level {
  if (isAll) return level
  const { time, kept, made } = level
  return { time, kept: rowsOf(kept, begin, end), made: rowsOf(made, begin, end) }
}

/** Views of some rows of tensors. */
function rowsOf(tensors: Tensors, begin: number, end: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data, ...type }]) => {
      const width = data.length / shape[0]!
      const part = data.subarray(begin * width, end * width)
      // A view is of the type of what it shows, which the union of tensors cannot say.
      return [name, { ...type, shape: [end - begin, ...shape.slice(1)], data: part } as Tensor]
    }),
  )
}

function inputsOf(parts: readonly BatchPart[], time: number): Tensors {
  const padded = (of: (part: BatchPart, row: number) => Int32Array, pad: number) =>
    padBatch(
      parts.flatMap((part) => Array.from(part.rows, (row) => of(part, row))),
      pad,
      time,
    )
  const { ids, mask, rows } = padded(({ texts }, row) => texts[row]!, parts[0]!.padId)
  const shape = [rows, time]
  // Texts that are not told of tokens what others are have 0 there, as padding has, and none of their steps reads it.
  const names = new Set(parts.flatMap(({ also }) => Object.keys(also)))
  const further = Array.from(names, (name) => {
    const values = padded(({ also }, row) => also[name]?.[row] ?? nothing, 0)
    return [name, int32Tensor(shape, values.ids)] as const
  })
  return {
    ...Object.fromEntries(further),
    [encoderInputs.ids]: int32Tensor(shape, ids),
    [encoderInputs.mask]: float32Tensor(shape, mask),
  }
}

const nothing = new Int32Array(0)

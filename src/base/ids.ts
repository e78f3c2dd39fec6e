/** Branded identities and the functions that make or check them. */
import { randomFillSync } from 'node:crypto'
import { appError } from './errors.ts'

export type TaskId = string & { readonly brand: 'TaskId' }
export type CallId = string & { readonly brand: 'CallId' }
export type ExampleId = string & { readonly brand: 'ExampleId' }
export type ModelName = string & { readonly brand: 'ModelName' }
/** `TASK@VERSION`, for example `support-intent@3`. */
export type SpecialistId = string & { readonly brand: 'SpecialistId' }

const taskPattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const pool = new Uint8Array(4096)
let poolAt = pool.length

/** Checks a task name: lower-case letters, digits, `.`, `_`, `-`; 1 to 64 characters, ends in a letter or digit. */
export function taskId(text: string): TaskId {
  if (taskPattern.test(text)) return text as TaskId
  throw appError('usage.invalid', {
    problem: `"${text.slice(0, 80)}" is not a task name`,
    hint: 'Use 1 to 64 lower-case letters, digits, ".", "_" or "-", beginning and ending with a letter or digit.',
  })
}

/** Name of a version of a task's specialist. */
export function specialistId(task: TaskId, version: number): SpecialistId {
  return `${task}@${version}` as SpecialistId
}

/** Splits `TASK@VERSION`. */
export function parseSpecialistId(text: string): { readonly task: TaskId; readonly version: number } {
  const match = /^(.+)@([1-9][0-9]*)$/.exec(text)
  if (match) return { task: taskId(match[1]!), version: Number(match[2]) }
  throw appError('usage.invalid', {
    problem: `"${text.slice(0, 80)}" is not a specialist`,
    hint: 'Write TASK@VERSION, for example support-intent@3.',
  })
}

/** A new call id: `call_` and a ULID (48 bits of time, 80 random bits, sorts by time). */
export function newCallId(nowMs: number): CallId {
  if (poolAt + 16 > pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  poolAt += 16
  return callIdFrom(nowMs, pool.subarray(poolAt - 16, poolAt))
}

/** The call id of a time and a digest of at least 16 bytes: a logged call has the same id whenever it is imported. */
export function callIdFrom(atMs: number, digest: Uint8Array): CallId {
  let text = ''
  for (let rest = Math.floor(atMs), i = 0; i < 10; i++) {
    text = crockford[rest % 32]! + text
    rest = Math.floor(rest / 32)
  }
  for (let i = 0; i < 16; i++) text += crockford[digest[i]! & 31]
  return `call_${text}` as CallId
}

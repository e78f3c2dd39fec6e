/**
 * Exports of Langfuse: observations and traces as its blob storage export, its API and its web page write them, in JSON,
 * JSONL, CSV or Parquet, names in snake or camel case
 * (https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields, as of November 2026).
 * Generations are calls; other observations are counted and left out.
 */
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { pairOf } from './call-pair.ts'
import { callRow, loggedTime } from './call-row.ts'
import { answerWithin, jsonWithin } from './json-text.ts'
import { loggedUsage } from './logged-usage.ts'
import type { ObjectAt } from './objects.ts'
import type { Row } from './reader.ts'
import type { RowShape } from './row-shape.ts'

export const langfuseShape: RowShape = Object.freeze({
  format: 'langfuse',
  yields: 'call',
  recognise: (first: readonly ObjectAt[]) => {
    if (first.length === 0 || !first.every(({ value }) => isObservation(value) || isTrace(value)))
      return undefined
    return {
      score: 0.97,
      description: isObservation(first[0]!.value) ? 'an observation of Langfuse' : 'a trace of Langfuse',
      rows: ({ line, value }: ObjectAt) => rowsOf(line, value),
    }
  },
})

function isObservation(value: JsonObject): boolean {
  return (
    typeof value['type'] === 'string' &&
    member(value, 'traceId', 'trace_id') !== undefined &&
    member(value, 'startTime', 'start_time') !== undefined
  )
}

function isTrace(value: JsonObject): boolean {
  const isOwn = ['projectId', 'project_id', 'bookmarked', 'htmlPath', 'observations'].some(
    (name) => name in value,
  )
  return 'timestamp' in value && 'input' in value && 'output' in value && isOwn
}

/** The generations of a trace where it holds its observations, else the trace as one call. */
function rowsOf(line: number, value: JsonObject): readonly Row[] {
  const observations = jsonWithin(value['observations'])
  const inner = Array.isArray(observations) ? observations.filter(isJsonObject) : []
  if (inner.some(isObservation)) return inner.map((observation) => rowOf(line, observation))
  return [rowOf(line, value)]
}

function rowOf(line: number, entry: JsonObject): Row {
  const { id, type } = entry
  const common = { line, ...(typeof id === 'string' && { name: id }) }
  if (typeof type === 'string' && type.toUpperCase() !== 'GENERATION')
    return { kind: 'skipped', ...common, reason: `a Langfuse observation of the type ${type}` }
  const request = requestOf(entry)
  if (request === undefined) return { kind: 'skipped', ...common, reason: 'the input is no prompt of a chat' }
  const isError = member(entry, 'level') === 'ERROR'
  const answer = answerWithin(entry['output']) ?? (isError ? { error: {} } : undefined)
  if (answer === undefined && typeof entry['output'] === 'object' && entry['output'] !== null)
    return { kind: 'skipped', ...common, reason: 'the output is an object and no answer of an API' }
  const pair = pairOf({ request, response: answer ?? null })
  if (typeof pair === 'string') return { kind: 'skipped', ...common, reason: 'no output' }
  return callRow(pair, {
    ...common,
    status: isError ? 500 : 200,
    model: member(entry, 'providedModelName', 'provided_model_name', 'model'),
    usage: loggedUsage(jsonWithin(member(entry, 'usageDetails', 'usage_details', 'usage'))),
    atMs: loggedTime(member(entry, 'startTime', 'start_time', 'timestamp')),
    latencyMs: latencyOf(entry),
  })
}

/** The input as a request: messages, a body with messages, or a text; parameters beside it. */
function requestOf(entry: JsonObject): JsonObject | undefined {
  const input = jsonWithin(entry['input'])
  const parameters = jsonWithin(member(entry, 'modelParameters', 'model_parameters'))
  const model = member(entry, 'providedModelName', 'provided_model_name', 'model')
  const around = {
    ...(typeof model === 'string' && { model }),
    ...(isJsonObject(parameters) && parameters),
  }
  if (typeof input === 'string' && input !== '')
    return { ...around, messages: [{ role: 'user', content: input }] }
  if (isJsonObject(input) && Array.isArray(input['messages'])) return { ...around, ...input }
  const isConversation =
    Array.isArray(input) &&
    input.length > 0 &&
    input.every((item: Json) => isJsonObject(item) && 'role' in item)
  return isConversation ? { ...around, messages: input } : undefined
}

/** Seconds in every export: as they are given, or between start and end. */
function latencyOf(entry: JsonObject): number | undefined {
  const latency = Number(member(entry, 'latency') ?? Number.NaN)
  if (Number.isFinite(latency) && member(entry, 'latency') !== '') return latency * 1000
  const start = loggedTime(member(entry, 'startTime', 'start_time'))
  const end = loggedTime(member(entry, 'endTime', 'end_time'))
  return start === undefined || end === undefined || end < start ? undefined : end - start
}

function member(entry: JsonObject, ...names: readonly string[]): Json | undefined {
  for (const name of names) {
    const value = entry[name]
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

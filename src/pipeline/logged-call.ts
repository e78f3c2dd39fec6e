/** A logged call as the store keeps it: masked, with an id that is the same at every import of the same file. */
import { createHash } from 'node:crypto'
import { callIdFrom, type ModelName, type TaskId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { CallRow } from '../data/reader.ts'
import type { Mask } from '../data/to-example.ts'
import { endUserOfBody } from '../trace/end-user.ts'
import type { Call } from '../wire/call.ts'

export interface LoggedCallContext {
  readonly task: TaskId
  /** Name of the log, without its folder. */
  readonly file: string
  /** When the log was last written: the time of calls that have none of their own. */
  readonly writtenMs: number
  /** Masks every text in a JSON body. */
  readonly maskBody: Mask
}

const paths: { readonly [W in CallRow['wire']]: string } = {
  'openai-chat': '/v1/chat/completions',
  'anthropic-messages': '/v1/messages',
}

/** A call of a log; its latency is 0 where the log has none, and its reason says that it was imported. */
export function callFromLog(row: CallRow, context: LoggedCallContext): Call {
  // Not every logger keeps the model, and a request without one is none of the API.
  const whole: JsonObject = { model: row.model ?? 'unknown', ...row.request }
  const request = context.maskBody(JSON.stringify(whole))
  const response = context.maskBody(JSON.stringify(row.response))
  const atMs = Math.max(0, Math.floor(row.atMs ?? context.writtenMs))
  const identity = [context.task, context.file, row.line, request, response]
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest()
  const endUser = endUserOfBody(row.request)
  return {
    id: callIdFrom(atMs, digest),
    atMs,
    method: 'POST',
    path: paths[row.wire],
    wire: row.wire,
    task: context.task,
    ...(endUser !== undefined && { endUser }),
    ...(row.model !== undefined && { model: row.model as ModelName }),
    servedBy: 'upstream',
    reason: 'imported',
    streaming: row.request['stream'] === true,
    status: row.status,
    request,
    response,
    ...(row.usage !== undefined && { usage: row.usage }),
    latencyMs: row.latencyMs ?? 0,
  }
}

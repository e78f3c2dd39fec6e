/** Logged request and answer pairs of the OpenAI or the Anthropic API, an object each, in the shapes that `call-pair.ts` knows. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { type CallPair, hasChatRequest, pairOf } from './call-pair.ts'
import { callRow, loggedTime } from './call-row.ts'
import { loggedUsage } from './logged-usage.ts'
import type { ObjectAt } from './objects.ts'
import type { CallRow, SaidLayout } from './reader.ts'
import type { RowShape } from './row-shape.ts'

/** Logs of the OpenAI chat API, and its fine-tuning files. */
export const openaiLogShape: RowShape = chatLog('openai-log', 'openai-chat', 'a logged chat call')

/** Logs of the Anthropic messages API. */
export const anthropicLogShape: RowShape = chatLog(
  'anthropic-log',
  'anthropic-messages',
  'a logged call of the Anthropic API',
)

/** Both shapes read the entries of the other, too: a log may hold both. */
function chatLog(
  format: 'openai-log' | 'anthropic-log',
  wire: CallPair['wire'],
  description: string,
): RowShape {
  return Object.freeze({
    format,
    yields: 'call',
    recognise: (first: readonly ObjectAt[], said: SaidLayout) => {
      const pairs = first.map(({ value }) => pairOf(value))
      const own = pairs.filter((pair) => typeof pair !== 'string' && pair.wire === wire).length
      const whole = pairs.filter((pair) => typeof pair !== 'string').length
      const isOwn = whole === 0 ? wire === 'openai-chat' : own * 2 >= whole
      const hasRequest = first.some(({ value }) => hasChatRequest(value))
      if (whole === 0 && !hasRequest && said.format === undefined) return undefined
      return {
        // A prompt and an answer as plain texts may as well be a labelled file: then the records are surer.
        score: hasRequest ? (isOwn ? 0.96 : 0.95) : isOwn ? 0.3 : 0.2,
        description,
        rows: ({ line, value }: ObjectAt, file: string) => {
          const pair = pairOf(value)
          if (typeof pair !== 'string') return [callOf(line, value, pair)]
          throw appError('data.log-entry', { file, line, problem: pair })
        },
      }
    },
  })
}

function callOf(line: number, entry: JsonObject, pair: CallPair): CallRow {
  return callRow(pair, {
    line,
    status: statusOf(entry),
    model: entry['model'],
    usage: loggedUsage(entry['usage']),
    atMs: timeOf(entry, pair.response),
    latencyMs: latencyOf(entry),
  })
}

function statusOf(entry: JsonObject): number | undefined {
  const outer = entry['response']
  const said = [
    entry['status'],
    entry['status_code'],
    isJsonObject(outer) ? outer['status_code'] : undefined,
  ].find((value) => typeof value === 'number' && value >= 100 && value < 600)
  return typeof said === 'number' ? said : undefined
}

function timeOf(entry: JsonObject, response: JsonObject): number | undefined {
  const names = ['timestamp', 'created_at', 'time', 'date', 'started_at', 'created']
  const value: Json | undefined = names
    .map((name) => entry[name])
    .find((found) => found !== undefined && found !== null)
  return loggedTime(value ?? response['created'])
}

function latencyOf(entry: JsonObject): number | undefined {
  for (const name of ['latency_ms', 'latencyMs', 'duration_ms', 'durationMs', 'elapsed_ms'])
    if (typeof entry[name] === 'number') return entry[name]
  return undefined
}

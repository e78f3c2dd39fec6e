/** Logged request and answer pairs of the OpenAI chat API, one JSON object a line, in the shapes that `call-pair.ts` knows. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../base/json.ts'
import type { Usage } from '../wire/call.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { chatResponseSchema, readChatRequest } from '../wire/openai-chat.ts'
import { type CallPair, hasChatRequest, pairOf } from './call-pair.ts'
import type { FileSample, ReadOptions } from './file-text.ts'
import { parseJsonLine } from './json-line.ts'
import { looksLikeJsonLines } from './jsonl.ts'
import { firstLines, readLines } from './lines.ts'
import type { CallRow, FormatReader, Recognition } from './reader.ts'

/** Lines by which a log is recognised, and which are shown. */
const sampleLines = 20

export const openaiLogReader: FormatReader = Object.freeze({
  format: 'openai-log',
  yields: 'call',
  recognise: (sample: FileSample): Recognition | undefined => {
    if (!looksLikeJsonLines(sample)) return undefined
    const entries = firstLines(sample, sampleLines).flatMap(({ line, text }) => {
      const entry = tryParseJson(text)
      return isJsonObject(entry) ? [{ line, entry, pair: pairOf(entry) }] : []
    })
    const preview = entries.flatMap(({ line, entry, pair }) =>
      typeof pair === 'string' ? [] : [callOf(line, entry, pair)],
    )
    return {
      // A prompt and an answer as plain texts may as well be a labelled file: then the JSONL reader is surer.
      score: entries.some(({ entry }) => hasChatRequest(entry)) ? 0.95 : 0.3,
      source: {
        file: sample.file,
        format: 'openai-log',
        yields: 'call',
        description: 'a logged chat call on each line',
        columns: [],
        preview,
        read: (options) => readCalls(sample.file, options),
      },
    }
  },
})

async function* readCalls(file: string, options?: ReadOptions): AsyncIterable<readonly CallRow[]> {
  for await (const lines of readLines(file, options)) {
    yield lines.map((line) => {
      const entry = parseJsonLine(file, line)
      const pair = pairOf(entry)
      if (typeof pair === 'string') throw appError('data.log-entry', { file, line: line.line, problem: pair })
      return callOf(line.line, entry, pair)
    })
  }
}

function callOf(line: number, entry: JsonObject, pair: CallPair): CallRow {
  // The template does not look at the model, and not every logger keeps it.
  const request = readChatRequest({ model: '', ...pair.request })
  const prompt = request && promptOf(request)
  const status = statusOf(entry, pair.response)
  const answer = answerOf(pair.response, status)
  const unusable = typeof answer === 'string' ? answer : prompt ? undefined : 'the prompt is not text alone'
  const model = [pair.response['model'], pair.request['model'], entry['model']].find(isName)
  const usage = usageOf(pair.response['usage'] ?? entry['usage'])
  const atMs = timeOf(entry, pair.response)
  const latencyMs = latencyOf(entry)
  return {
    kind: 'call',
    line,
    request: pair.request,
    response: pair.response,
    status,
    ...(prompt !== undefined && { prompt }),
    ...(typeof answer === 'object' && { answer: answer.text }),
    ...(unusable !== undefined && { unusable }),
    ...(model !== undefined && { model }),
    ...(usage !== undefined && { usage }),
    ...(atMs !== undefined && { atMs }),
    ...(latencyMs !== undefined && { latencyMs }),
  }
}

/** The text to learn from, or why there is none. */
function answerOf(response: JsonObject, status: number): { readonly text: string } | string {
  if (status >= 400) return 'the answer is an error'
  const choices = chatResponseSchema.safeParse(response).data?.choices ?? []
  const [choice] = choices
  if (choice === undefined) return 'the answer has no message'
  if (choices.length > 1) return 'more than one answer was asked for'
  if (choice.finish_reason === 'length') return 'the answer was cut off'
  const calls = choice.message['tool_calls']
  if (Array.isArray(calls) && calls.length > 0) return 'the answer calls tools'
  const text = choice.message.content ?? ''
  return text === '' ? 'the answer has no text' : { text }
}

function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function statusOf(entry: JsonObject, response: JsonObject): number {
  const outer = entry['response']
  const said = [
    entry['status'],
    entry['status_code'],
    isJsonObject(outer) ? outer['status_code'] : undefined,
  ].find((value) => typeof value === 'number' && value >= 100 && value < 600)
  if (typeof said === 'number') return said
  return isJsonObject(response['error']) ? 500 : 200
}

function usageOf(usage: Json | undefined): Usage | undefined {
  const { data } = chatResponseSchema.shape.usage.safeParse(usage)
  if (data === undefined || data === null) return undefined
  const cached = data.prompt_tokens_details?.cached_tokens
  return {
    promptTokens: data.prompt_tokens,
    completionTokens: data.completion_tokens,
    ...(typeof cached === 'number' && { cachedTokens: cached }),
    source: 'reported',
  }
}

/** Time of a call: a text of ISO 8601, or seconds or milliseconds since 1970. */
function timeOf(entry: JsonObject, response: JsonObject): number | undefined {
  const names = ['timestamp', 'created_at', 'time', 'date', 'started_at', 'created']
  const value = names.map((name) => entry[name]).find((found) => found !== undefined && found !== null)
  const time = value ?? response['created']
  // Seconds pass this bound in the year 5138, milliseconds passed it in 1973.
  if (typeof time === 'number') return time > 1e11 ? time : time * 1000
  const parsed = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isFinite(parsed) ? parsed : undefined
}

function latencyOf(entry: JsonObject): number | undefined {
  for (const name of ['latency_ms', 'latencyMs', 'duration_ms', 'durationMs', 'elapsed_ms'])
    if (typeof entry[name] === 'number') return entry[name]
  return undefined
}

/** The client of the demonstration: sends the mails at a steady pace and notes what it got and how long it took. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Agent, request } from 'undici'
import { isJsonObject, tryParseJson } from '../../base/json.ts'
import type { Mail } from './corpus.ts'
import type { ClientResult, Manner, OutsideData } from './outside.ts'
import { answerFor, callFor, demoTask } from './prompt.ts'

interface TrafficOptions {
  readonly gatewayUrl: string
  readonly agent: Agent
  /** How to call, at this moment. */
  readonly manner: () => Manner
  readonly signal: AbortSignal
  readonly onResults: (results: readonly ClientResult[]) => void
}

/** Sends every mail once, at the pace of the moment, whatever the answers take (an open loop); ends when all are answered. */
export async function sendMails(data: OutsideData, options: TrafficOptions): Promise<void> {
  let done: ClientResult[] = []
  const report = setInterval(() => {
    if (done.length > 0) options.onResults(done)
    done = []
  }, 50)
  let dueMs = performance.now()
  const open = new Set<Promise<void>>()
  for (const mail of data.mails) {
    const waitMs = dueMs - performance.now()
    if (waitMs > 1) await wait(waitMs)
    if (options.signal.aborted) break
    dueMs += 1000 / options.manner().callsPerSecond
    const call = ask(mail, options).then((result) => {
      done.push(result)
      open.delete(call)
    })
    open.add(call)
  }
  await Promise.all(open)
  clearInterval(report)
  options.onResults(done)
}

/** One call and what came of it; a failure is a result too, with its problem in words. */
async function ask(mail: Mail, options: TrafficOptions): Promise<ClientResult> {
  const began = performance.now()
  const failed = (problem: string): ClientResult => ({
    local: false,
    latencyMs: performance.now() - began,
    promptTokens: 0,
    completionTokens: 0,
    problem,
  })
  try {
    const answer = await request(`${options.gatewayUrl}/chat/completions`, {
      method: 'POST',
      dispatcher: options.agent,
      headers: {
        'content-type': 'application/json',
        ...(options.manner().namesTask && { 'x-shoal-task': demoTask }),
      },
      body: callFor(mail.text),
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) return failed(`${answer.statusCode} ${text.slice(0, 200)}`)
    const { content, promptTokens, completionTokens } = readCompletion(text)
    return {
      local: answer.headers['x-shoal-served-by'] !== 'upstream',
      latencyMs: performance.now() - began,
      right: content === answerFor(mail.label),
      promptTokens,
      completionTokens,
    }
  } catch (cause) {
    return failed(cause instanceof Error ? cause.message : String(cause))
  }
}

function readCompletion(text: string): { content: string; promptTokens: number; completionTokens: number } {
  const body = tryParseJson(text)
  const choices = isJsonObject(body) && Array.isArray(body['choices']) ? body['choices'] : []
  const message = isJsonObject(choices[0]) ? choices[0]['message'] : undefined
  const usage = isJsonObject(body) && isJsonObject(body['usage']) ? body['usage'] : {}
  return {
    content: isJsonObject(message) ? String(message['content']) : '',
    promptTokens: Number(usage['prompt_tokens'] ?? 0),
    completionTokens: Number(usage['completion_tokens'] ?? 0),
  }
}

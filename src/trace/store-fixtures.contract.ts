/** Tasks, calls and examples for the tests of stores; without the test runner, so that child processes can use them. */
import { sha256 } from '../base/hash.ts'
import { type ExampleId, type ModelName, newCallId, taskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { Task } from '../task/types.ts'
import type { Call } from '../wire/call.ts'
import type { KeptCall } from './store.ts'

export const mailTask: Task = {
  id: taskId('mail'),
  kind: 'classification',
  space: { kind: 'labels', labels: ['ham', 'spam'], multiple: false },
  rendering: { kind: 'json', before: '{"label":"', after: '"}' },
  risk: { risk: 0.02, delta: 0.05 },
  masked: true,
  paused: false,
}

/** A kept call with every field filled but whom it was for and what it audits, or with those of `changes`. */
export function keptCall(atMs: number, changes: Partial<Call> = {}): KeptCall {
  const call: Call = {
    id: newCallId(atMs),
    atMs,
    method: 'POST',
    path: '/v1/chat/completions',
    wire: 'openai-chat',
    task: mailTask.id,
    model: 'big-1' as ModelName,
    servedBy: 'upstream',
    reason: 'no specialist',
    confidence: 0.25,
    streaming: true,
    status: 200,
    request: '{"messages":[]}',
    response: '{"choices":[]}',
    upstream: 'first',
    key: 'key-1',
    usage: {
      promptTokens: 100,
      completionTokens: 5,
      cachedTokens: 64,
      cacheWriteTokens: 8,
      reasoningTokens: 2,
      source: 'reported',
    },
    latencyMs: 812.5,
    firstByteMs: 401.25,
    cpuMs: 0.125,
    error: 'upstream.timeout',
    ...changes,
  }
  return {
    call,
    ledger: {
      call: call.id,
      atMs,
      ...(call.task && { task: call.task }),
      servedBy: call.servedBy,
      tier: call.servedBy === 'upstream' ? 'upstream' : 'nano',
      ...(call.model && { model: call.model }),
      ...(call.key !== undefined && { key: call.key }),
      ...(call.upstream !== undefined && { upstream: call.upstream }),
      isAudit: call.auditOf !== undefined,
      promptTokens: 100,
      completionTokens: 5,
      tokensAre: 'reported',
      costUsd: call.servedBy === 'upstream' ? 0.001 : 0,
      avoidedUsd: call.servedBy === 'upstream' ? 0 : 0.001,
      priceDate: '2026-01-01',
      latencyMs: call.latencyMs,
      cpuMs: 0.125,
      energyJoules: 0.0005,
      energyIs: 'cpu-time',
      upstreamJoules: { low: 0.5, high: 100 },
    },
  }
}

/** An example of a text and a label. */
export function textExample(text: string, label: string, changes: Partial<Example> = {}): Example {
  return {
    id: sha256(text) as string as ExampleId,
    input: { kind: 'text', text },
    output: { kind: 'labels', labels: [label] },
    source: 'gold',
    weight: 1,
    ...changes,
  }
}

/** All values of an iteration. */
export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

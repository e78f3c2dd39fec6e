/** The kept calls of a task as prompt and answer, with people's corrections in place of the answers that they correct. */
import { throwIfCancelled } from '../base/errors.ts'
import type { CallId, ModelName, TaskId } from '../base/ids.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { Example } from '../data/example.ts'
import { contextGroup, exampleId } from '../data/example-set.ts'
import type { LearnedTask, RawCall } from '../task/from-calls.ts'
import type { Distribution } from '../task/predictor.ts'
import { softLabel, type TokenChoice } from '../task/soft-label.ts'
import type { Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { keptAnswer, keptPrompt, keptTokens } from './call-texts.ts'

/** A call that a row can be made of, and where its answer comes from. */
export interface AnsweredCall extends RawCall {
  readonly source: 'teacher' | 'human'
  /** True for audits: drawn at random from what is answered locally, unlike the calls that were escalated. */
  readonly isFairSample: boolean
  /** True for calls that came upstream because a specialist was unsure or found them novel. */
  readonly isEscalated: boolean
  /** Tokens of the teacher's answer with their log-probabilities, where it gave them. */
  readonly tokens?: readonly TokenChoice[]
}

export interface ReadCalls {
  readonly calls: readonly AnsweredCall[]
  /** The model that answered most of them. */
  readonly answeredBy?: ModelName
}

export interface ReadCallsRequest extends WorkOptions {
  readonly task: TaskId
  readonly limit: number
}

/** Nothing was read. */
export const noCalls: ReadCalls = Object.freeze({ calls: [] })

/** Calls that the upstream answered, audits among them, and calls of either side that a person corrected. */
export async function readCalls(store: Store, request: ReadCallsRequest): Promise<ReadCalls> {
  const { task, limit, signal, progress } = request
  const corrected = new Map<CallId, string>()
  for await (const { call, output } of store.corrections.iterate(task)) corrected.set(call, output)
  const calls: AnsweredCall[] = []
  const models = new Map<ModelName, number>()
  for await (const call of store.calls.iterate({ task, answeredByUpstream: true, limit })) {
    throwIfCancelled(signal, 'reading the calls')
    // An audit asks what the call that it checks asked: whoever corrected that one has answered this one.
    const about = call.auditOf !== undefined && corrected.has(call.auditOf) ? call.auditOf : call.id
    const isUsed = add(calls, call, corrected.get(about))
    if (isUsed) corrected.delete(about)
    if (isUsed && call.model !== undefined) models.set(call.model, (models.get(call.model) ?? 0) + 1)
    if (calls.length % 1000 === 0) progress?.({ stage: 'reading calls', done: calls.length })
  }
  for (const [id, output] of corrected) {
    throwIfCancelled(signal, 'reading the corrections')
    const call = await store.calls.get(id)
    if (call) add(calls, call, output)
  }
  const most = [...models].reduce<[ModelName, number] | undefined>(
    (best, one) => (best && best[1] >= one[1] ? best : one),
    undefined,
  )
  return { calls, ...(most && { answeredBy: most[0] }) }
}

/**
 * The rows of learned calls; where a person answered an input, the upstream's answers to it are left out. Questions about
 * one context are a group, unless all calls are about it.
 */
export function callExamples(
  learned: Pick<LearnedTask, 'examples'> & Partial<Pick<LearnedTask, 'rendering' | 'space'>>,
  calls: readonly AnsweredCall[],
): readonly Example[] {
  const contexts = new Set(
    learned.examples.flatMap(({ input }) => (input.kind === 'question' ? [input.context] : [])),
  )
  const examples = learned.examples.map(({ call, input, output }): Example => {
    const { source, isFairSample, tokens } = calls[call]!
    const soft = tokens && softOf(learned, tokens)
    const isGrouped = input.kind === 'question' && contexts.size > 1
    return {
      id: exampleId(input),
      ...{ input, output, source, weight: 1 },
      ...(soft && { soft }),
      ...(isFairSample && { isFairSample }),
      ...(isGrouped && { group: contextGroup(input.context) }),
    }
  })
  const byPeople = new Set(examples.filter(({ source }) => source === 'human').map(({ id }) => id))
  return examples.filter(({ id, source }) => source === 'human' || !byPeople.has(id))
}

function softOf(
  { rendering, space }: Partial<Pick<LearnedTask, 'rendering' | 'space'>>,
  tokens: readonly TokenChoice[],
): Distribution | undefined {
  if (space?.kind !== 'labels' || space.multiple) return undefined
  if (rendering?.kind !== 'text' && rendering?.kind !== 'json') return undefined
  return softLabel(tokens, { rendering, labels: space.labels })
}

/** False where no row can be made of the call. */
function add(calls: AnsweredCall[], call: Call, correction: string | undefined): boolean {
  const [prompt, answer] = [keptPrompt(call), correction ?? keptAnswer(call)]
  if (!prompt || answer === undefined) return false
  const source = correction === undefined ? 'teacher' : 'human'
  const isEscalated = call.reason === 'unsure' || call.reason === 'novel'
  const tokens = correction === undefined ? keptTokens(call) : undefined
  const isFairSample = call.auditOf !== undefined
  calls.push({ prompt, answer, source, isFairSample, isEscalated, ...(tokens && { tokens }) })
  return true
}

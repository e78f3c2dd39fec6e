/** Answers a call with what a specialist said, in the wire's form. On the path of every local call: no promises, few objects. */
import { type AppError, appError } from '../base/errors.ts'
import type { Routed } from '../route/cascade.ts'
import { answerText } from '../task/extraction.ts'
import { originalOutput } from '../task/original-output.ts'
import type { TaskOutput } from '../task/types.ts'
import type { Call, Usage } from '../wire/call.ts'
import { completionBody, completionEvents, type LocalAnswer } from '../wire/chat-answer.ts'
import { estimatedTokens } from '../wire/token-estimate.ts'
import { type ChatCall, keptModel } from './chat-form.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  type Exchange,
  keepAfterwards,
  keepBeforeAnswer,
  pathOf,
  type Standing,
} from './exchange.ts'
import { quoteOffsets } from './quote-offsets.ts'

export interface LocalPlan {
  readonly call: ChatCall
  readonly routed: Extract<Routed, { kind: 'local' }>
}

/** Answers at once; where durability is strict, when the call is kept. */
export function answerLocally(context: GatewayContext, exchange: Exchange, plan: LocalPlan): void {
  const { form, promptTokens } = plan.call
  const output = originalSaid(context, plan)
  const text = textOf(plan, output)
  const usage: Usage = { promptTokens, completionTokens: estimatedTokens(text), source: 'counted' }
  const answer: LocalAnswer = {
    id: exchange.id.slice('call_'.length),
    createdSeconds: Math.floor(exchange.atMs / 1000),
    model: form.model,
    text,
    usage,
  }
  const completion = completionBody(answer)
  const body = form.streaming ? completionEvents(answer, form) : completion
  const call = localCall(context, exchange, { plan, completion, usage })
  if (!context.isStrict) {
    writeAnswer(context, exchange, { plan, body, text, output })
    keepAfterwards(context, call)
    return
  }
  context.track(
    keepBeforeAnswer(context, call).then(
      () => writeAnswer(context, exchange, { plan, body, text, output }),
      (cause: AppError) => answerError(context, exchange, standingOf(plan), cause),
    ),
  )
}

function standingOf({ call, routed }: LocalPlan): Standing {
  const { reason, specialist } = routed
  return {
    reason,
    servedBy: specialist.servedBy,
    streaming: call.form.streaming,
    model: keptModel(call.form),
  }
}

interface Kept {
  readonly plan: LocalPlan
  readonly completion: string
  readonly usage: Usage
}

/** The call as it is kept; written out, since spreading its optional parts costs as much as the rest. */
function localCall(context: GatewayContext, exchange: Exchange, { plan, completion, usage }: Kept): Call {
  const { form } = plan.call
  const { specialist, prediction, reason, cpuMs } = plan.routed
  const said: Call = {
    id: exchange.id,
    atMs: exchange.atMs,
    method: 'POST',
    path: pathOf(exchange.request),
    wire: 'openai-chat',
    task: form.recognised.served!.task.id,
    model: keptModel(form),
    servedBy: specialist.servedBy,
    reason,
    confidence: prediction.confidence,
    streaming: form.streaming,
    status: 200,
    request: exchange.requestText ?? '',
    response: completion,
    usage,
    latencyMs: context.clock.monotonicMs() - exchange.startMs,
    cpuMs: cpuMs ?? 0,
  }
  const call = exchange.key ? { ...said, key: exchange.key.record.id } : said
  if (cpuMs !== undefined) return call
  const { cpuMs: _, ...unmeasured } = call
  return unmeasured
}

interface Writing {
  readonly plan: LocalPlan
  readonly body: string
  /** The answer in the body, and what it says. */
  readonly text: string
  readonly output: TaskOutput
}

function writeAnswer(context: GatewayContext, exchange: Exchange, writing: Writing): void {
  const { plan, body, text, output } = writing
  const { specialist, prediction, reason } = plan.routed
  const { response } = exchange
  const isStream = plan.call.form.streaming
  const fields = [
    'content-type',
    isStream ? 'text/event-stream; charset=utf-8' : 'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-shoal-served-by',
    specialist.servedBy,
    'x-shoal-reason',
    reason,
    'x-shoal-confidence',
    prediction.confidence.toFixed(4),
    'x-shoal-call-id',
    exchange.id,
  ]
  const { isBare } = plan.call.form.recognised
  const offsets = quoteOffsets(exchange.requestText ?? '', { input: plan.call.input!, output, isBare })
  if (offsets !== undefined) fields.push('x-shoal-answer-offsets', offsets)
  if (isStream) fields.push('cache-control', 'no-cache')
  if (context.state.isClosing) fields.push('connection', 'close')
  response.writeHead(200, fields)
  response.end(body)
  if (plan.routed.audit) offerAudit(context, exchange, { plan, text })
}

/** A local answer is checked only once it has been given. */
function offerAudit(
  context: GatewayContext,
  exchange: Exchange,
  { plan: { call, routed }, text }: Pick<Writing, 'plan' | 'text'>,
): void {
  const { specialist, auditRate } = routed
  context.audits?.offer({
    id: exchange.id,
    atMs: exchange.atMs,
    form: call.form,
    specialist,
    input: call.input!,
    answer: text,
    requestText: exchange.requestText ?? '',
    path: exchange.request.url ?? '',
    headers: exchange.request.rawHeaders,
    chosenWith: auditRate,
  })
}

/** What the specialist said, of the request as it came. */
function originalSaid({ mask }: GatewayContext, { call, routed }: LocalPlan): TaskOutput {
  const { output } = routed.prediction
  const input = call.input!
  if (!call.form.recognised.served!.task.masked) return output
  const text = input.kind === 'text' ? input.text : input.kind === 'question' ? input.context : ''
  const isMadeOfIt = output.kind === 'spans' || output.kind === 'answer'
  return isMadeOfIt && mask(text) !== text ? originalOutput(input, output) : output
}

/** As the upstream would have written it. */
function textOf({ call }: LocalPlan, output: TaskOutput): string {
  const text = answerText(call.form.recognised.served!.task.rendering, call.input!, output)
  if (text !== undefined) return text
  throw appError('internal.bug', { problem: `an output of kind ${output.kind} has no rendering yet` })
}

/** Answers a call with what a specialist said, in the wire's form. */
import { type AppError, appError } from '../base/errors.ts'
import type { Routed } from '../route/cascade.ts'
import { render } from '../task/rendering.ts'
import type { Task, TaskOutput } from '../task/types.ts'
import type { Usage } from '../wire/call.ts'
import { completionBody, completionEvents } from '../wire/chat-answer.ts'
import { estimatedTokens } from '../wire/token-estimate.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  callOf,
  type Exchange,
  keepBeforeAnswer,
  type Standing,
  shoalFields,
} from './exchange.ts'

/** What is needed to answer locally. */
export interface LocalPlan {
  readonly routed: Extract<Routed, { kind: 'local' }>
  readonly task: Task
  readonly standing: Standing
  readonly promptTokens: number
  readonly includeUsage: boolean
  /** As the request named it. */
  readonly model: string
}

/** Answers at once; where durability is strict, when the call is kept. */
export function answerLocally(context: GatewayContext, exchange: Exchange, plan: LocalPlan): void {
  const { standing } = plan
  const text = answerText(plan.task, plan.routed.prediction.output)
  const usage: Usage = {
    promptTokens: plan.promptTokens,
    completionTokens: estimatedTokens(text),
    source: 'counted',
  }
  const answer = {
    id: exchange.id.slice('call_'.length),
    createdSeconds: Math.floor(exchange.atMs / 1000),
    model: plan.model,
    text,
    usage,
  }
  const completion = completionBody(answer)
  const body = standing.streaming ? completionEvents(answer, plan) : completion
  const call = callOf(context, exchange, standing, { status: 200, response: completion, usage })
  if (!context.isStrict) {
    writeAnswer(context, exchange, standing, body)
    void keepBeforeAnswer(context, call)
    return
  }
  keepBeforeAnswer(context, call).then(
    () => writeAnswer(context, exchange, standing, body),
    (cause: AppError) => answerError(context, exchange, standing, cause),
  )
}

function writeAnswer(context: GatewayContext, exchange: Exchange, standing: Standing, body: string): void {
  const { response } = exchange
  const fields = shoalFields(context, exchange, standing)
  if (standing.streaming)
    fields.push('content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache')
  else fields.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)))
  response.writeHead(200, fields)
  response.end(body)
}

/** An output as the upstream would have written it. */
function answerText(task: Task, output: TaskOutput): string {
  if (output.kind === 'text') return output.text
  if (output.kind === 'labels' && output.labels.length === 1) return render(task.rendering, output.labels[0]!)
  throw appError('internal.bug', { problem: `an output of kind ${output.kind} has no rendering yet` })
}

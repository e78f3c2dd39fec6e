/** `POST /v1/chat/completions`: read, recognised, routed, then answered by a specialist or forwarded. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../base/errors.ts'
import { newCallId } from '../base/ids.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import { type Routed, runCascade } from '../route/cascade.ts'
import { explain } from '../route/reasons.ts'
import { taskOfModel, wholePrompt } from '../route/recognise.ts'
import type { TaskInput } from '../task/types.ts'
import { taskRefusal } from './access/access.ts'
import { answerLocally } from './answer-locally.ts'
import { type ChatCall, chatOf, keptModel, understand } from './chat-form.ts'
import type { GatewayContext } from './context.ts'
import { answerError, type Exchange, type Standing } from './exchange.ts'
import { handlerError } from './failures.ts'
import { forwardChat } from './forward-chat.ts'
import { fieldOf } from './header-fields.ts'
import { perTurn } from './per-turn.ts'
import { readBody } from './request-body.ts'

/** Handles requests of the chat endpoint; never throws. */
export type ChatHandler = (request: IncomingMessage, response: ServerResponse) => void

/** A body that was read, on its way through the steps. */
interface Arrived {
  readonly exchange: Exchange
  readonly body: Buffer
}

/** A call that was routed; a promise where a specialist answers on another thread. */
interface Decided extends Arrived {
  readonly call: ChatCall
  readonly routed: Routed | Promise<Routed>
}

/** The handler of a gateway; calls of one turn of the event loop are routed together, then answered together. */
export function chatHandler(context: GatewayContext): ChatHandler {
  const arrive = perTurn<Arrived>((arrived) => {
    const decided: Decided[] = []
    for (const { exchange, body } of arrived)
      guarded(context, exchange, () => {
        const one = decideCall(context, exchange, body)
        if (one) decided.push(one)
      })
    for (const one of decided) guarded(context, one.exchange, () => act(context, one))
  })
  return (request, response) => {
    const atMs = context.clock.nowMs()
    const startMs = context.clock.monotonicMs()
    readBody(request, context.bodyLimitBytes, (body) => {
      const requestText = typeof body === 'string' ? '' : body.toString()
      const id = newCallId(atMs)
      const key = context.access.keyOf(request)
      const exchange: Exchange = key
        ? { request, response, id, atMs, startMs, wire: 'openai-chat', requestText, key }
        : { request, response, id, atMs, startMs, wire: 'openai-chat', requestText }
      if (body === 'left') refuse(context, exchange, appError('request.client-left', {}))
      else if (body === 'too-large') refuse(context, exchange, tooLarge(context))
      else arrive({ exchange, body })
    })
  }
}

function guarded(context: GatewayContext, exchange: Exchange, step: () => void): void {
  try {
    step()
  } catch (cause) {
    refuse(context, exchange, handlerError(context.log, undefined, cause))
  }
}

/** Routes a call; what is no chat request is forwarded at once. */
function decideCall(context: GatewayContext, exchange: Exchange, body: Buffer): Decided | undefined {
  // It may have been revoked while the body came.
  if (exchange.key?.revoked.aborted) throw appError('key.revoked', {})
  const call = callOfBody(context, exchange, body)
  const forbidden = taskRefusal(exchange.key, call?.form.recognised.task)
  if (forbidden) throw forbidden
  if (call) return { exchange, body, call, routed: route(context, exchange.request, call) }
  const standing: Standing = { reason: 'opaque', servedBy: 'upstream', streaming: false }
  context.track(forwardChat(context, exchange, standing, { body }))
  return undefined
}

function act(context: GatewayContext, { exchange, body, call, routed }: Decided): void {
  if (!(routed instanceof Promise)) {
    settle(context, exchange, { call, routed, body })
    return
  }
  context.track(
    routed
      .then((done) => settle(context, exchange, { call, routed: done, body }))
      .catch((cause) => refuse(context, exchange, handlerError(context.log, undefined, cause))),
  )
}

/** The call that a body is: by its known form, or the long way; `undefined` where it is no chat request. */
function callOfBody(context: GatewayContext, exchange: Exchange, body: Buffer): ChatCall | undefined {
  const header = fieldOf(exchange.request.rawHeaders, 'x-shoal-task')
  const known = context.knownBodies.find(body, header)
  if (known) return known
  const chat = chatOf(exchange.requestText ?? '')
  if (!chat) {
    refuseNamedTask(exchange.requestText ?? '')
    return undefined
  }
  const { book } = context.tasks
  const { localAnswers, mask, upstream } = context
  const modelName = upstream && { modelName: upstream.modelName }
  const call = understand(chat, { book, header, localAnswers, mask, ...modelName })
  const { recognised } = call.form
  if (recognised.by === 'model' && !recognised.served) {
    const names = book.ids.join(', ') || 'none yet'
    throw appError('model.unknown', { model: chat.model, task: recognised.task ?? '', known: names })
  }
  if (call.input) context.knownBodies.learn(body, { call, header })
  return call
}

function route(
  context: GatewayContext,
  request: IncomingMessage,
  { form, input }: ChatCall,
): Routed | Promise<Routed> {
  const isMasked = form.recognised.served?.task.masked === true
  const insisted = fieldOf(request.rawHeaders, 'x-shoal-route') === 'upstream'
  return runCascade(
    insisted ? { ...form.facts, insisted } : form.facts,
    input && isMasked ? maskedInput(context, input) : input,
    context.cascade,
  )
}

/** The specialist sees what it was trained on: the masked text. */
function maskedInput({ mask }: GatewayContext, input: TaskInput): TaskInput {
  switch (input.kind) {
    case 'text':
      return { kind: 'text', text: mask(input.text) }
    case 'question':
      return { kind: 'question', question: mask(input.question), context: mask(input.context) }
    case 'chat':
      return {
        kind: 'chat',
        messages: input.messages.map(({ role, content }) => ({ role, content: mask(content) })),
      }
  }
}

interface Settling {
  readonly call: ChatCall
  readonly routed: Routed
  readonly body: Buffer
}

function settle(context: GatewayContext, exchange: Exchange, { call, routed, body }: Settling): void {
  if (routed.kind === 'local') {
    answerLocally(context, exchange, { call, routed })
    return
  }
  const { recognised, streaming } = call.form
  const { reason, confidence, cpuMs } = routed
  const standing: Standing = {
    reason,
    servedBy: 'upstream',
    streaming,
    model: keptModel(call.form),
    ...(recognised.task !== undefined && { task: recognised.task }),
    ...(confidence !== undefined && { confidence }),
    ...(cpuMs !== undefined && { cpuMs }),
  }
  if (recognised.by === 'model' && recognised.model === undefined) {
    const task = recognised.task ?? ''
    refuse(context, exchange, appError('task.no-upstream', { task, reason: explain(reason) }), standing)
    return
  }
  const hidesUsage = streaming && !call.form.includeUsage
  context.track(forwardChat(context, exchange, standing, { body: bodyForUpstream(call, body), hidesUsage }))
}

/** The body as it came, except where the model named a task: then with the upstream's model, and the whole prompt. */
function bodyForUpstream({ form, input }: ChatCall, body: Buffer): Buffer {
  const { by, served, model, isBare } = form.recognised
  if (by !== 'model' || served === undefined) return body
  const whole = isBare && input ? wholePrompt(served, input) : undefined
  return Buffer.from(
    JSON.stringify({
      ...chatOf(body.toString()),
      model,
      ...(whole && { messages: whole.messages }),
      ...(whole?.responseFormat !== undefined && { response_format: whole.responseFormat }),
      ...(whole?.tools !== undefined && { tools: whole.tools }),
    }),
  )
}

/** A body that is no chat request but names a task is ours to refuse: no upstream knows that model. */
function refuseNamedTask(text: string): void {
  const value = tryParseJson(text)
  if (!isJsonObject(value) || typeof value['model'] !== 'string') return
  if (taskOfModel(value['model']) === undefined) return
  throw appError('request.malformed', { problem: '`messages` must be a list of messages with a role each' })
}

function tooLarge(context: GatewayContext): AppError {
  return appError('request.too-large', { limit: `${Math.round(context.bodyLimitBytes / 2 ** 20)} MiB` })
}

const refused: Standing = { reason: 'refused', servedBy: 'upstream', streaming: false }

function refuse(
  context: GatewayContext,
  exchange: Exchange,
  error: AppError,
  standing: Standing = refused,
): void {
  answerError(context, exchange, standing, error)
}

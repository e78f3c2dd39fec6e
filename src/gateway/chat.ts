/** `POST /v1/chat/completions`: read, recognised, routed, then answered by a specialist or forwarded. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../base/errors.ts'
import { newCallId } from '../base/ids.ts'
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import { type Routed, runCascade } from '../route/cascade.ts'
import { obstacleIn } from '../route/obstacles.ts'
import type { Reason } from '../route/reasons.ts'
import { type Recognised, recognise, taskOfModel } from '../route/recognise.ts'
import type { TaskInput } from '../task/types.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { type ChatRequest, readChatRequest } from '../wire/openai-chat.ts'
import { estimatedPromptTokens } from '../wire/token-estimate.ts'
import { answerLocally } from './answer-locally.ts'
import type { GatewayContext } from './context.ts'
import { answerError, type Exchange, type Standing } from './exchange.ts'
import { handlerError } from './failures.ts'
import { forwardChat } from './forward-chat.ts'
import { readBody } from './request-body.ts'

/** A chat call that was understood. */
interface ChatCall {
  readonly exchange: Exchange
  readonly body: Buffer
  readonly chat: ChatRequest
  readonly recognised: Recognised
}

/** Answers a chat call; never throws. */
export function handleChat(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const atMs = context.clock.nowMs()
  const startMs = context.clock.monotonicMs()
  readBody(request, context.bodyLimitBytes, (body) => {
    const id = newCallId(atMs)
    const exchange = { request, response, id, atMs, startMs, wire: 'openai-chat' } as const
    try {
      if (body === 'left') refuse(context, exchange, appError('request.client-left', {}))
      else if (body === 'too-large') refuse(context, exchange, tooLarge(context))
      else handleBody(context, { ...exchange, requestText: body.toString() }, body)
    } catch (cause) {
      refuse(context, exchange, handlerError(context.log, undefined, cause))
    }
  })
}

function handleBody(
  context: GatewayContext,
  exchange: Exchange & { readonly requestText: string },
  body: Buffer,
): void {
  const value = tryParseJson(exchange.requestText)
  const chat = value === undefined ? undefined : readChatRequest(value)
  if (!chat) {
    refuseNamedTask(value)
    const standing: Standing = { reason: 'opaque', servedBy: 'upstream', streaming: false }
    context.track(forwardChat(context, exchange, standing, { body }))
    return
  }
  const call: ChatCall = { exchange, body, chat, recognised: recogniseChat(context, exchange.request, chat) }
  const routed = route(context, call)
  if (routed instanceof Promise) {
    routed.then(
      (done) => settle(context, call, done),
      (cause) => refuse(context, exchange, handlerError(context.log, undefined, cause)),
    )
  } else settle(context, call, routed)
}

function recogniseChat(context: GatewayContext, request: IncomingMessage, chat: ChatRequest): Recognised {
  const header = request.headers['x-shoal-task']
  const prompt = promptOf(chat)
  const recognised = recognise(
    {
      model: chat.model,
      ...(typeof header === 'string' && { header }),
      ...(prompt && { prompt }),
    },
    context.tasks.book,
  )
  if (recognised.isByModel && !recognised.served) {
    const known = context.tasks.book.ids.join(', ') || 'none yet'
    throw appError('model.unknown', { model: chat.model, task: recognised.task ?? '', known })
  }
  return recognised
}

function route(context: GatewayContext, call: ChatCall): Routed | Promise<Routed> {
  const { served, input, model } = call.recognised
  const obstacle = obstacleIn(call.chat, served?.task.template) ?? notText(call.chat, input)
  return runCascade(
    {
      ...(served && { served }),
      ...(obstacle && { obstacle }),
      ...(model !== undefined && { model }),
      insisted: call.exchange.request.headers['x-shoal-route'] === 'upstream',
      hasInput: input !== undefined,
      localAnswers: context.localAnswers,
    },
    input && served?.task.masked ? maskedInput(context, input) : input,
    { onFailure: context.onSpecialistFailure },
  )
}

function notText(chat: ChatRequest, input: TaskInput | undefined): Reason | undefined {
  return input === undefined && promptOf(chat) === undefined ? 'not-text' : undefined
}

/** The specialist sees what it was trained on: the masked text. */
function maskedInput(context: GatewayContext, input: TaskInput): TaskInput {
  const { mask } = context
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

function settle(context: GatewayContext, call: ChatCall, routed: Routed): void {
  const { chat, exchange, recognised } = call
  const streaming = chat.stream === true
  const base = {
    streaming,
    ...(recognised.task !== undefined && { task: recognised.task }),
    ...(recognised.model !== undefined && { model: recognised.model }),
  }
  if (routed.kind === 'local') {
    const { reason, specialist, prediction, cpuMs } = routed
    answerLocally(context, exchange, {
      routed,
      task: recognised.served!.task,
      standing: {
        ...base,
        reason,
        servedBy: specialist.servedBy,
        confidence: prediction.confidence,
        ...(cpuMs !== undefined && { cpuMs }),
      },
      promptTokens: estimatedPromptTokens(chat),
      includeUsage: chat.stream_options?.include_usage === true,
      model: chat.model,
    })
    return
  }
  const { reason, confidence, cpuMs } = routed
  const standing: Standing = {
    ...base,
    reason,
    servedBy: 'upstream',
    ...(confidence !== undefined && { confidence }),
    ...(cpuMs !== undefined && { cpuMs }),
  }
  const changed = bodyForUpstream(call)
  if (changed === 'no-model') {
    refuse(context, exchange, appError('task.no-upstream', { task: recognised.task ?? '', reason }), standing)
    return
  }
  context.track(forwardChat(context, exchange, standing, { body: changed }))
}

/** The body as it came, except where the model named a task: then with the upstream's model, and the whole prompt. */
function bodyForUpstream(call: ChatCall): Buffer | 'no-model' {
  const { recognised, chat, body } = call
  if (!recognised.isByModel) return body
  if (recognised.model === undefined) return 'no-model'
  const { filled } = recognised
  const format = filled?.template.responseFormat
  return Buffer.from(
    JSON.stringify({
      ...chat,
      model: recognised.model,
      ...(filled && { messages: filled.messages }),
      ...(format !== undefined && { response_format: format }),
      ...(filled?.template.tools !== undefined && { tools: filled.template.tools }),
    }),
  )
}

/** A body that is no chat request but names a task is ours to refuse: no upstream knows that model. */
function refuseNamedTask(value: Json | undefined): void {
  if (!isJsonObject(value) || typeof value['model'] !== 'string') return
  if (taskOfModel(value['model']) === undefined) return
  throw appError('request.malformed', { problem: '`messages` must be a list of messages with a role each' })
}

function tooLarge(context: GatewayContext): AppError {
  return appError('request.too-large', { limit: `${Math.round(context.bodyLimitBytes / 2 ** 20)} MiB` })
}

function refuse(
  context: GatewayContext,
  exchange: Exchange,
  error: AppError,
  standing: Standing = { reason: 'refused', servedBy: 'upstream', streaming: false },
): void {
  answerError(context, exchange, standing, error)
}

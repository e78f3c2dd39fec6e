/** One audit: the call that was answered locally goes upstream as it would have gone, and both answers are compared. */
import { AppError, appError } from '../../base/errors.ts'
import { type CallId, newCallId } from '../../base/ids.ts'
import { isJsonObject, tryParseJson } from '../../base/json.ts'
import { reportedUsage } from '../../meter/usage.ts'
import { wholePrompt } from '../../route/recognise.ts'
import type { ServedSpecialist } from '../../route/specialist.ts'
import type { TaskInput } from '../../task/types.ts'
import { answerLoss } from '../../trust/answer-loss.ts'
import type { Call } from '../../wire/call.ts'
import { chatResponseSchema } from '../../wire/openai-chat.ts'
import type { ChatForm } from '../chat-form.ts'
import type { GatewayContext } from '../context.ts'
import { fieldOf } from '../header-fields.ts'
import { decodedText } from '../kept-body.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'

/** A local answer that was chosen to be audited; the client has had it already. */
export interface ChosenCall {
  readonly id: CallId
  readonly atMs: number
  readonly form: ChatForm
  readonly specialist: ServedSpecialist
  readonly input: TaskInput
  /** The answer that the client got, without what the wire puts around it. */
  readonly answer: string
  /** Body, path with query and header fields of the request. */
  readonly requestText: string
  readonly path: string
  readonly headers: readonly string[]
  readonly chosenWith: number
}

/**
 * What came of an audit. `unreadable`: the upstream answered, but nothing that is an answer of the task, or by another
 * model than the certificate names. `failed`: it did not answer.
 */
export interface Audited {
  readonly kind: 'right' | 'wrong' | 'unreadable' | 'failed'
  /** 0..1, where it is known. */
  readonly loss?: number
  /** The audit as a call of its own, answered by the upstream. */
  readonly call: Call
}

type Surroundings = Pick<GatewayContext, 'clock' | 'bodyLimitBytes'> & { readonly upstream: Upstream }

/** Carries an audit out; rejects only where the signal says so. */
export async function auditCall(
  { upstream, clock, bodyLimitBytes }: Surroundings,
  chosen: ChosenCall,
  signal: AbortSignal,
): Promise<Audited> {
  const startMs = clock.monotonicMs()
  const body = auditBody(chosen)
  const base = baseCall(chosen, { atMs: clock.nowMs(), body })
  try {
    const answer = await upstream.send({
      method: 'POST',
      path: chosen.path,
      headers: withoutRepeatKey(chosen.headers),
      body: Buffer.from(body),
      signal,
      plainEncoding: true,
      streaming: false,
    })
    const text = await textOf(answer, { limitBytes: bodyLimitBytes, name: upstream.name })
    const call = answeredCall(base, { answer, text, latencyMs: clock.monotonicMs() - startMs })
    const isOther = (answer.model ?? base.model) !== upstream.modelName(base.model)
    return { ...verdictOf(chosen, { answer, text, isOther }), call }
  } catch (cause) {
    signal.throwIfAborted()
    const error = cause instanceof AppError ? cause : upstream.errorOf(cause)
    const latencyMs = clock.monotonicMs() - startMs
    return { kind: 'failed', call: { ...base, status: error.status, latencyMs, error: error.code } }
  }
}

/** The body as it came, in one piece instead of streamed, for the model that the certificate names, with the whole prompt. */
function auditBody({ requestText, form, specialist, input }: ChosenCall): string {
  const value = tryParseJson(requestText)
  const { stream: _, stream_options: __, ...rest } = isJsonObject(value) ? value : {}
  const { served, isBare, by } = form.recognised
  const whole = isBare && by === 'model' ? wholePrompt(served!, input) : undefined
  return JSON.stringify({
    ...rest,
    model: auditModel({ form, specialist }),
    ...(whole && { messages: whole.messages }),
    ...(whole?.responseFormat !== undefined && { response_format: whole.responseFormat }),
    ...(whole?.tools !== undefined && { tools: whole.tools }),
  })
}

/** The model that the call is compared with: the certificate's, or where it names none the one that the call would have gone to. */
function auditModel({ form, specialist }: Pick<ChosenCall, 'form' | 'specialist'>): string | undefined {
  return specialist.certificate.holdsFor.upstream ?? form.recognised.model
}

/** True where there is a model to ask. */
export function canBeAudited(chosen: Pick<ChosenCall, 'form' | 'specialist'>): boolean {
  return auditModel(chosen) !== undefined
}

/** A key against repeating belongs to the client's call, not to this one. */
function withoutRepeatKey(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => headers[at - (at % 2)]!.toLowerCase() !== 'idempotency-key')
}

function baseCall(chosen: ChosenCall, { atMs, body }: { readonly atMs: number; readonly body: string }) {
  const { form } = chosen
  const query = chosen.path.indexOf('?')
  return {
    id: newCallId(atMs),
    atMs,
    method: 'POST',
    path: query < 0 ? chosen.path : chosen.path.slice(0, query),
    wire: 'openai-chat',
    task: form.recognised.served!.task.id,
    model: auditModel(chosen) as NonNullable<Call['model']>,
    auditOf: chosen.id,
    servedBy: 'upstream',
    reason: 'audit',
    streaming: false,
    request: body,
  } as const
}

interface Answered {
  readonly answer: UpstreamAnswer
  readonly text: string | undefined
  readonly latencyMs: number
}

function answeredCall(base: ReturnType<typeof baseCall>, { answer, text, latencyMs }: Answered): Call {
  const usage = reportedUsage(parsed(text)?.usage)
  return {
    ...base,
    ...(answer.model !== undefined && { model: answer.model as typeof base.model }),
    upstream: answer.upstream,
    status: answer.status,
    ...(text !== undefined && { response: text }),
    ...(usage && { usage }),
    latencyMs,
  }
}

function verdictOf(
  { form, input, answer: local }: ChosenCall,
  {
    answer,
    text,
    isOther,
  }: {
    readonly answer: UpstreamAnswer
    readonly text: string | undefined
    /** Another model answered than the one that was asked. */
    readonly isOther: boolean
  },
): Omit<Audited, 'call'> {
  if (answer.status < 200 || answer.status >= 300) return { kind: 'failed' }
  const said = parsed(text)?.choices[0]?.message.content
  if (typeof said !== 'string' || isOther) return { kind: 'unreadable' }
  const loss = answerLoss(form.recognised.served!.task, { input, local, other: said })
  if (loss === undefined) return { kind: 'unreadable' }
  return { kind: loss > 0 ? 'wrong' : 'right', loss }
}

function parsed(text: string | undefined) {
  return chatResponseSchema.safeParse(text === undefined ? undefined : tryParseJson(text)).data
}

async function textOf(
  answer: UpstreamAnswer,
  { limitBytes, name }: { readonly limitBytes: number; readonly name: string },
): Promise<string | undefined> {
  if (answer.whole) return answer.whole.text
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.length
    const problem = `its body is larger than ${limitBytes} bytes`
    if (size > limitBytes)
      throw appError('upstream.malformed', { upstream: name, status: answer.status, problem })
    chunks.push(chunk)
  }
  return decodedText(Buffer.concat(chunks), fieldOf(answer.headers, 'content-encoding')?.trim().toLowerCase())
}

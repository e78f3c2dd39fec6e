/** Calls for upstreams that fail, and whether what came back is an answer, a clean error, or neither. */
import { type Dispatcher, request } from 'undici'

/** The four ways to ask. */
export const manners = [
  { wire: 'chat', streaming: false },
  { wire: 'chat', streaming: true },
  { wire: 'messages', streaming: false },
  { wire: 'messages', streaming: true },
] as const
export type Manner = (typeof manners)[number]

export interface FaultResult {
  readonly kind: 'answered' | 'clean-error' | 'bad'
  /** The upstream that answered; what the error was; what is wrong. */
  readonly detail: string
  readonly ms: number
}

/** Asks once; never rejects. `text` must come back in the answer. */
export async function askOnce(
  url: string,
  manner: Manner,
  options: { readonly model: string; readonly text: string; readonly dispatcher?: Dispatcher },
): Promise<FaultResult> {
  const began = performance.now()
  const { wire, streaming } = manner
  const { model, text, dispatcher } = options
  try {
    const answer = await request(url + (wire === 'chat' ? '/v1/chat/completions' : '/v1/messages'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        max_tokens: 9,
        stream: streaming,
        messages: [{ role: 'user', content: text }],
      }),
      ...(dispatcher && { dispatcher }),
    })
    const body = await answer.body.text()
    const judged = answer.statusCode === 200 ? judgeAnswer(manner, body, text) : judgeError(manner, body)
    const upstream = String(answer.headers['x-shoal-upstream'] ?? 'none')
    const detail = judged.kind === 'answered' ? upstream : `${answer.statusCode} ${judged.detail}`
    return { kind: judged.kind, detail, ms: performance.now() - began }
  } catch (cause) {
    return { kind: 'bad', detail: String(cause), ms: performance.now() - began }
  }
}

type Judged = Pick<FaultResult, 'kind' | 'detail'>

function judgeAnswer(manner: Manner, body: string, text: string): Judged {
  if (!manner.streaming) return judgeBody(manner, body, text)
  const datas = body.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
  const last = datas.at(-1) ?? ''
  const isComplete = manner.wire === 'chat' ? last === '[DONE]' : last.includes('"message_stop"')
  if (isComplete) {
    const isMine = body.includes(JSON.stringify(text).slice(1, -1))
    return isMine ? { kind: 'answered', detail: '' } : { kind: 'bad', detail: 'the answer of another call' }
  }
  return judgeError(manner, last)
}

function judgeBody({ wire }: Manner, body: string, text: string): Judged {
  const value = tryParse(body)
  const said = wire === 'chat' ? value?.choices?.[0]?.message?.content : value?.content?.[0]?.text
  if (said === text) return { kind: 'answered', detail: '' }
  return { kind: 'bad', detail: `no answer: ${body.slice(0, 80)}` }
}

/** OpenAI: `{"error": {message, type, …}}`; Anthropic: `{"type": "error", "error": {type, message}}`. */
function judgeError({ wire }: Manner, body: string): Judged {
  const value = tryParse(body)
  const { message, type, code } = value?.error ?? {}
  const isClean =
    typeof message === 'string' && typeof type === 'string' && (wire === 'chat' || value?.type === 'error')
  return isClean
    ? { kind: 'clean-error', detail: String(code ?? type) }
    : { kind: 'bad', detail: `no clean error: ${body.slice(0, 120)}` }
}

interface AnyAnswer {
  readonly type?: string
  readonly error?: { readonly message?: string; readonly type?: string; readonly code?: string }
  readonly choices?: readonly { readonly message?: { readonly content?: string } }[]
  readonly content?: readonly { readonly text?: string }[]
}

function tryParse(text: string): AnyAnswer | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

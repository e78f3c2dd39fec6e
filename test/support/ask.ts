/** How tests ask a gateway, and what they read of its answers. */

/** A chat body of no task. */
export const question = JSON.stringify({
  model: 'big-model',
  messages: [{ role: 'user', content: 'Why?' }],
})
/** The same, streamed. */
export const streamedQuestion = JSON.stringify({ ...JSON.parse(question), stream: true })

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** What stands under `error` where the answer is JSON. */
  readonly error: { readonly code: string; readonly message: string; readonly type: string } | undefined
}

/** Posts a body to a path of a gateway. */
export async function ask(
  address: string,
  body: string | Buffer,
  path = '/v1/chat/completions',
): Promise<Answer> {
  const response = await fetch(address + path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-client' },
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    error: isJson ? tryParse(text)?.error : undefined,
  }
}

function tryParse(text: string): { error?: Answer['error'] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

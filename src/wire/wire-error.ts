/** Errors as the APIs write them, in a body or as the last event of a stream. */
import type { AppError } from '../base/errors.ts'

/** Whose clients read the error. */
export type ErrorShape = 'openai' | 'openai-responses' | 'anthropic'

/** The body that answers a request which met this error: `{"error": {message, type, param, code}}`, or Anthropic's. */
export function wireErrorBody(error: AppError, shape: ErrorShape = 'openai'): string {
  const { message, code, status } = error
  if (shape === 'anthropic')
    return JSON.stringify({ type: 'error', error: { type: anthropicErrorType(status), message, code } })
  return JSON.stringify({ error: { message, type: wireErrorType(status), param: null, code } })
}

/** The event that ends a stream which met this error; it begins with the end of whatever event was cut. */
export function wireErrorEvent(error: AppError, shape: ErrorShape): string {
  const { message, code } = error
  switch (shape) {
    case 'openai':
      return `\n\ndata: ${wireErrorBody(error)}\n\n`
    case 'openai-responses':
      return `\n\nevent: error\ndata: ${JSON.stringify({ type: 'error', code, message, param: null })}\n\n`
    case 'anthropic':
      return `\n\nevent: error\ndata: ${wireErrorBody(error, shape)}\n\n`
  }
}

/** OpenAI's word for the kind of an error, by HTTP status. */
function wireErrorType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

/** Anthropic's word, likewise. */
function anthropicErrorType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 413) return 'request_too_large'
  if (status === 429) return 'rate_limit_error'
  if (status === 503) return 'overloaded_error'
  return status >= 500 ? 'api_error' : 'invalid_request_error'
}

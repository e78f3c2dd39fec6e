/** Errors as the OpenAI API writes them: `{"error": {message, type, param, code}}`. */
import type { AppError } from '../base/errors.ts'

/** The body that answers a request which met this error. */
export function wireErrorBody(error: AppError): string {
  return JSON.stringify({
    error: { message: error.message, type: wireErrorType(error.status), param: null, code: error.code },
  })
}

/** OpenAI's word for the kind of an error, by HTTP status. */
function wireErrorType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

/** Turns whatever was thrown into an error of the table. */
import { AppError, appError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Upstream } from './upstream.ts'

/** What was thrown while a request was handled; one of our own mistakes is logged with its stack. */
export function handlerError(log: Log, upstream: Upstream | undefined, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  if (upstream && isOfConnection(cause)) return upstream.errorOf(cause)
  log.error({ err: cause }, 'a request met a mistake in Shoal')
  return appError('internal.bug', { problem: cause instanceof Error ? cause.message : String(cause) }, cause)
}

/** Errors of sockets, TLS, HTTP parsing and undici carry a code; our own mistakes do not. */
function isOfConnection(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
}

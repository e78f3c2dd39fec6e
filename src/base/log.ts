/** The log: pino, JSON lines on stderr, never the text of a call. */
import { type Logger, pino } from 'pino'

export type Log = Logger

/** Makes a log; `level` is one of pino's (`silent` for none). */
export function createLog(options: { readonly level: string }): Log {
  return pino(
    {
      level: options.level,
      base: null,
      redact: ['req.headers.authorization', 'headers.authorization', '*.apiKey', 'apiKey'],
    },
    pino.destination(2),
  )
}

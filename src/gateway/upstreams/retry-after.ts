/** How long an upstream asks to be left alone. */
import { fieldOf } from '../header-fields.ts'

/**
 * Milliseconds from now; `undefined` where nothing readable is said. RFC 9110, section 10.2.3: seconds or an HTTP date;
 * and `retry-after-ms`, which OpenAI and Azure send beside it.
 */
export function retryAfterMs(headers: readonly string[], nowMs: number): number | undefined {
  const exact = fieldOf(headers, 'retry-after-ms')?.trim() ?? ''
  if (isNumber(exact)) return Number(exact)
  const value = fieldOf(headers, 'retry-after')?.trim() ?? ''
  if (isNumber(value)) return Number(value) * 1000
  // Date.parse also takes bare years and the like, which are no HTTP dates.
  const dateMs = /[A-Za-z]{3}/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs)
}

function isNumber(text: string): boolean {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text)
}

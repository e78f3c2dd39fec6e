/** Personal data out of a call, before anything of it is written. */
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import type { Call } from '../wire/call.ts'

/** The call with its bodies and its path masked. */
export function maskCall(call: Call): Call {
  return {
    ...call,
    path: maskedText(call.path),
    ...(call.request !== undefined && { request: maskJsonText(call.request) }),
    ...(call.response !== undefined && { response: maskJsonText(call.response) }),
  }
}

/** A line of the log for each call, where that was asked for: without texts, or with the masked ones. */
import type { Log } from '../base/log.ts'
import type { Configuration } from '../pipeline/configuration.ts'
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import type { Call } from '../wire/call.ts'

/** Writes a call's line; the setting is read anew for each. */
export function callLog(log: Log, setting: () => Configuration['log']['calls']): (call: Call) => void {
  const lines = log.child({}, { level: 'info' })
  return (call) => {
    const asked = setting()
    if (asked === 'none') return
    const { id, task, model, servedBy, reason, status, error } = call
    const line = {
      ...{ call: id, path: maskedText(call.path), task, model, servedBy, reason, status, error },
      latencyMs: Math.round(call.latencyMs * 10) / 10,
      ...(asked === 'texts' && { request: masked(call.request), response: masked(call.response) }),
    }
    // Its own setting has asked for it: a level, which is about troubles, does not hide it.
    lines.info(line, 'call')
  }
}

function masked(text: string | undefined): string | undefined {
  return text === undefined ? undefined : maskJsonText(text)
}

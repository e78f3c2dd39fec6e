/**
 * Takes out of a streamed chat answer what was only said because its usage was asked for: the event that reports it,
 * and the member `"usage":null` of all others. Every other byte passes as it came, an event late at most.
 */
import { isJsonObject, type JsonObject, tryParseJson } from '../base/json.ts'

export interface UsageRemover {
  /** Takes the next bytes and gives those that may go on. */
  push(bytes: Uint8Array): Uint8Array
  /** The bytes that no event's end has followed. */
  end(): Uint8Array
}

/** A line end twice: the end of an event. A carriage return may be the first half of a line end. */
const eventEnd = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)/g
const nullMember = /,\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,/

/** Removes from the stream of one answer; events longer than `maxEventBytes` pass unread. */
export function usageRemover(options: { readonly maxEventBytes: number }): UsageRemover {
  let rest: Uint8Array = Buffer.alloc(0)
  let isPassing = false
  return {
    push: (bytes) => {
      const held = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const text = latin1(held)
      const passed: Uint8Array[] = []
      let from = 0
      for (const found of text.matchAll(eventEnd)) {
        const to = found.index + found[0].length
        // The other half of this line end may be on its way.
        if (to === text.length && found[0].endsWith('\r')) break
        passed.push(isPassing ? held.subarray(from, to) : withoutUsage(held.subarray(from, to)))
        isPassing = false
        from = to
      }
      rest = held.subarray(from)
      if (isPassing || rest.length > options.maxEventBytes) {
        isPassing = true
        // A line end may stand across the cut; its first half stays to be found.
        const keep = Math.max(0, rest.length - 3)
        passed.push(rest.subarray(0, keep))
        rest = rest.subarray(keep)
      }
      return passed.length === 1 ? passed[0]! : Buffer.concat(passed)
    },
    end: () => {
      const last = isPassing ? rest : withoutUsage(rest)
      rest = Buffer.alloc(0)
      return last
    },
  }
}

function withoutUsage(event: Uint8Array): Uint8Array {
  const text = latin1(event)
  if (!text.includes('"usage"')) return event
  const data = /^data:[ ]?(.*)$/m.exec(text.replaceAll('\r', '\n'))?.[1]
  const chunk = data === undefined ? undefined : tryParseJson(data)
  if (!isJsonObject(chunk) || !Array.isArray(chunk['choices'])) return event
  if (isJsonObject(chunk['usage']) && chunk['choices'].length === 0) return Buffer.alloc(0)
  return chunk['usage'] === null ? withoutMember(event, text, chunk) : event
}

function withoutMember(event: Uint8Array, text: string, chunk: JsonObject): Uint8Array {
  const edited = text.replace(nullMember, '')
  const { usage: _, ...others } = chunk
  const data = /^data:[ ]?(.*)$/m.exec(edited.replaceAll('\r', '\n'))?.[1] ?? ''
  const isRight = JSON.stringify(tryParseJson(data)) === JSON.stringify(others)
  return isRight ? Buffer.from(edited, 'latin1') : event
}

/** One character a byte, so that places in the text are places in the bytes. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

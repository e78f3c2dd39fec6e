/** Server-sent events, read piece by piece: pieces may end anywhere, inside a line end or a character. */

export interface SseReader {
  /** Takes the next bytes. */
  push(bytes: Uint8Array): void
}

/**
 * Reads events and calls back with the data of each (lines joined by `\n`); names, ids and comments are not kept,
 * and an event that no blank line has ended is not one.
 * WHATWG HTML, section 9.2.6; `maxEventChars` bounds what is held, longer events are dropped and counted by `onDropped`.
 */
export function sseReader(options: {
  readonly onData: (data: string) => void
  readonly maxEventChars: number
  readonly onDropped?: () => void
}): SseReader {
  const decoder = new TextDecoder()
  let rest = ''
  let lines: string[] = []
  let held = 0
  let isTooLong = false
  let skipLineFeed = false

  const endEvent = (): void => {
    if (isTooLong) options.onDropped?.()
    else if (lines.length > 0) options.onData(lines.join('\n'))
    lines = []
    held = 0
    isTooLong = false
  }
  const takeLine = (line: string): void => {
    if (line === '') {
      endEvent()
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    if (field !== 'data' || isTooLong) return
    const from = colon < 0 ? line.length : line[colon + 1] === ' ' ? colon + 2 : colon + 1
    held += line.length
    if (held > options.maxEventChars) isTooLong = true
    else lines.push(line.slice(from))
  }
  const takeText = (text: string): void => {
    let from = 0
    if (skipLineFeed && text !== '') {
      if (text[0] === '\n') from = 1
      skipLineFeed = false
    }
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code !== 10 && code !== 13) continue
      takeLine(rest + text.slice(from, at))
      rest = ''
      if (code === 13) {
        if (at + 1 === text.length) skipLineFeed = true
        else if (text[at + 1] === '\n') at++
      }
      from = at + 1
    }
    rest += text.slice(from)
    if (rest.length > options.maxEventChars) {
      isTooLong = true
      rest = rest.slice(0, 64)
    }
  }
  return { push: (bytes) => takeText(decoder.decode(bytes, { stream: true })) }
}

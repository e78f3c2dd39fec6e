/** A file's lines, some at a time, for formats that have a record a line. */
import { appError } from '../base/errors.ts'
import { type ReadOptions, textChunks } from './file-text.ts'
import { longestRecord } from './reader.ts'

export interface Line {
  /** 1-based. */
  readonly line: number
  readonly text: string
}

/** Lines that are not blank, without their ends (LF or CR LF). */
export async function* readLines(file: string, options: ReadOptions = {}): AsyncIterable<readonly Line[]> {
  const head: string[] = []
  let headLength = 0
  let line = 1
  const finish = (tail: string): Line => {
    const text = head.length === 0 ? tail : head.splice(0).join('') + tail
    headLength = 0
    return { line: line++, text: text.endsWith('\r') ? text.slice(0, -1) : text }
  }
  for await (const chunk of textChunks(file, options)) {
    const lines: Line[] = []
    let from = 0
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
      lines.push(finish(chunk.slice(from, at)))
      from = at + 1
    }
    head.push(chunk.slice(from))
    headLength += chunk.length - from
    if (headLength > longestRecord) {
      const limit = `${longestRecord / 1024 / 1024} million characters`
      throw appError('data.record-too-long', { file, line, limit })
    }
    yield lines.filter(isNotBlank)
  }
  yield [finish('')].filter(isNotBlank)
}

/** The first whole lines of a sample that are not blank. */
export function firstLines(
  sample: { readonly text: string; readonly whole: boolean },
  most: number,
): readonly Line[] {
  const lines = sample.text.split('\n').map((text, at): Line => ({ line: at + 1, text: text.trimEnd() }))
  if (!sample.whole) lines.pop()
  return lines.filter(isNotBlank).slice(0, most)
}

function isNotBlank(line: Line): boolean {
  return line.text.trim() !== ''
}

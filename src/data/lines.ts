/** A file's lines, some at a time, for formats that have a record a line. */
import { appError } from '../base/errors.ts'
import { type ReadOptions, type TextFile, textChunks } from './file-text.ts'
import { longestRecord } from './reader.ts'

export interface Line {
  /** 1-based. */
  readonly line: number
  readonly text: string
}

/** Lines that are not blank, without their ends (LF or CR LF). */
export async function* readLines(
  source: TextFile,
  options: ReadOptions = {},
): AsyncIterable<readonly Line[]> {
  for await (const lines of readAllLines(source, options)) yield lines.filter(isNotBlank)
}

/** All lines without their ends, blank ones too, and an empty one behind the last line end. */
export async function* readAllLines(
  source: TextFile,
  options: ReadOptions = {},
): AsyncIterable<readonly Line[]> {
  const head: string[] = []
  let headLength = 0
  let line = 1
  const finish = (tail: string): Line => {
    const text = head.length === 0 ? tail : head.splice(0).join('') + tail
    headLength = 0
    return { line: line++, text: text.endsWith('\r') ? text.slice(0, -1) : text }
  }
  for await (const chunk of textChunks(source, options)) {
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
      throw appError('data.record-too-long', { file: source.file, line, limit })
    }
    yield lines
  }
  yield [finish('')]
}

/** The first whole lines of a sample that are not blank. */
export function firstLines(
  sample: { readonly text: string; readonly whole: boolean },
  most: number,
): readonly Line[] {
  return allLinesOf(sample)
    .map(({ line, text }): Line => ({ line, text: text.trimEnd() }))
    .filter(isNotBlank)
    .slice(0, most)
}

/** The whole lines of a sample, blank ones too. */
export function allLinesOf(sample: { readonly text: string; readonly whole: boolean }): readonly Line[] {
  const lines = sample.text
    .split('\n')
    .map((text, at): Line => ({ line: at + 1, text: text.replace(/\r$/, '') }))
  if (!sample.whole) lines.pop()
  return lines
}

/** False for a line of white space alone. */
export function isNotBlank(line: Line): boolean {
  return line.text.trim() !== ''
}

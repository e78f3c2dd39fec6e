/** JSONL: a JSON object a line. */
import { tryParseJson } from '../base/json.ts'
import type { FileSample } from './file-text.ts'
import { asObject, parseJsonLine } from './json-line.ts'
import { firstLines, readLines } from './lines.ts'
import type { ObjectAt, ObjectFile } from './objects.ts'
import { previewRows } from './reader.ts'

/**
 * The objects of a JSONL file; absent where the sample is none.
 * With `isSaid` a first line that is no object is an error, since without it there is nothing to choose columns from.
 */
export function jsonLines(sample: FileSample, options: { readonly isSaid: boolean }): ObjectFile | undefined {
  const { file, source } = sample
  const lines = firstLines(sample, previewRows)
  const first = lines.flatMap((line): ObjectAt[] => {
    const value = asObject(tryParseJson(line.text))
    return value === undefined ? [] : [{ line: line.line, value }]
  })
  const [top] = lines
  const mayBeArray = top !== undefined && /^\s*\[(?!\s*")/.test(top.text)
  const isNamed = /\.(jsonl|ndjson)$/i.test(file) && !mayBeArray
  if (top !== undefined && (options.isSaid || isNamed)) parseJsonLine(file, top)
  if (first[0] === undefined || first[0].line !== top?.line) return undefined
  return {
    file,
    container: 'jsonl',
    description: 'a JSON object on each line',
    first,
    read: async function* read(readOptions) {
      for await (const some of readLines(source, readOptions))
        yield some.map((line) => ({ line: line.line, value: parseJsonLine(file, line) }))
    },
  }
}

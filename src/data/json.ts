/**
 * JSON: a document that is a list of objects, or an object that holds one. It is streamed: what is held at a time is one
 * element of the list, at most 32 million characters, whatever the size of the file.
 */
import { tryParseJson } from '../base/json.ts'
import { type FileSample, type ReadOptions, type TextFile, textChunks } from './file-text.ts'
import { ElementReader, findLists, type ListPlace } from './json-elements.ts'
import { asObject, parseJsonLine } from './json-line.ts'
import type { ObjectAt, ObjectFile } from './objects.ts'
import { previewRows } from './reader.ts'

/** Names of the list that is meant where an object holds several, most telling first. */
const listNames = ['observations', 'data', 'records', 'rows', 'examples', 'items', 'results', 'calls', 'logs']

/** The objects of a JSON document; absent where the sample is none, or its list does not begin in the sample. */
export function jsonDocument(sample: FileSample): ObjectFile | undefined {
  const { file, source, text } = sample
  if (!/^\s*[[{]/.test(text)) return undefined
  const list = chooseList(findLists(text))
  if (list === undefined) return undefined
  return {
    file,
    container: 'json',
    description:
      list.path.length === 0 ? 'one JSON list' : `the list "${list.path.join('.')}" of a JSON document`,
    first: firstObjects(file, list, text),
    read: (options) => readElements(source, list, options),
  }
}

/** The list that is meant; absent where there is none or several might be. */
function chooseList(lists: readonly ListPlace[]): ListPlace | undefined {
  if (lists.length < 2) return lists[0]
  for (const name of listNames) {
    const named = lists.find(({ path }) => path.length === 1 && path[0] === name)
    if (named !== undefined) return named
  }
  return undefined
}

function firstObjects(file: string, list: ListPlace, text: string): readonly ObjectAt[] {
  const pieces = new ElementReader(file, list).push(text.slice(list.offset + 1))
  return pieces.slice(0, previewRows).flatMap((piece): ObjectAt[] => {
    const value = asObject(tryParseJson(piece.text))
    return value === undefined ? [] : [{ line: piece.line, value }]
  })
}

async function* readElements(
  source: TextFile,
  list: ListPlace,
  options?: ReadOptions,
): AsyncIterable<readonly ObjectAt[]> {
  const { file } = source
  const reader = new ElementReader(file, list)
  let skip = list.offset + 1
  for await (const chunk of textChunks(source, options)) {
    const rest = chunk.slice(skip)
    skip = Math.max(0, skip - chunk.length)
    yield reader.push(rest).map((piece) => ({ line: piece.line, value: parseJsonLine(file, piece) }))
  }
  reader.finish()
}

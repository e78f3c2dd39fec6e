/** The formats that can be read, and the choice among them for a file. */
import { appError } from '../base/errors.ts'
import { csvReader } from './csv.ts'
import { type FileSample, readSample } from './file-text.ts'
import { jsonlReader } from './jsonl.ts'
import { openaiLogReader } from './openai-log.ts'
import type { FormatName, FormatReader, Recognition, RowSource, SaidLayout } from './reader.ts'
import { longestRecord } from './reader.ts'
import { tsvReader } from './tsv.ts'

/** One reader a format; of two that are equally sure the earlier reads. */
const readers: readonly FormatReader[] = Object.freeze([openaiLogReader, jsonlReader, tsvReader, csvReader])

/** The names that `--format` takes. */
export const formatNames: readonly FormatName[] = Object.freeze(readers.map((reader) => reader.format))

const sampleBytes = 256 * 1024

/** Recognises a file's layout by its beginning, as far as it is not said; what is not recognised is an error. */
export async function openSource(file: string, said: SaidLayout = {}): Promise<RowSource> {
  for (let bytes = sampleBytes; ; bytes = Math.min(bytes * 8, longestRecord)) {
    const sample = await readSample(file, bytes)
    refuseEmpty(sample)
    const best = recognise(sample, said)
    const isEnough = best !== undefined && (best.source.preview.length > 1 || bytes >= longestRecord)
    if (best !== undefined && (isEnough || sample.whole)) return best.source
    if (!sample.whole && bytes < longestRecord) continue
    throw appError('data.format-unknown', {
      file,
      problem:
        'no delimiter (comma, semicolon, tab, bar) gives its lines the same number of columns, at least two',
      formats: formatNames.join(', '),
    })
  }
}

function recognise(sample: FileSample, said: SaidLayout): Recognition | undefined {
  const asked =
    said.format === undefined ? readers : readers.filter((reader) => reader.format === said.format)
  let best: Recognition | undefined
  for (const reader of asked) {
    const found = reader.recognise(sample, said)
    if (found !== undefined && found.score > (best?.score ?? 0)) best = found
  }
  return best
}

function refuseEmpty(sample: FileSample): void {
  if (!sample.whole || sample.text.trim() !== '') return
  const detail = sample.text === '' ? ': the file is empty' : ': it holds only blank lines'
  throw appError('data.empty', { file: sample.file, detail })
}

/** Reads the tokenizer of a model folder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { errorCodeOf } from '../../base/files.ts'
import { parseTokenizer } from './parse-tokenizer.ts'
import type { Tokenizer } from './tokenizer.ts'

/** The tokenizer in `folder/tokenizer.json`; throws `tokenizer.missing` where there is none. */
export async function readTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (errorCodeOf(cause) === 'ENOENT') throw appError('tokenizer.missing', { folder }, cause)
    throw appError(
      'tokenizer.invalid',
      { file, field: 'the file', problem: `cannot be read: ${String(cause)}` },
      cause,
    )
  })
  return parseTokenizer(parseJson(text, file), file)
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw appError(
      'tokenizer.invalid',
      { file, field: 'the file', problem: `is not JSON: ${String(cause)}` },
      cause,
    )
  }
}

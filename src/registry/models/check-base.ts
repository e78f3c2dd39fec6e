/** Whether the files in a folder are a model that can be trained on and served: each part is read as it will be read later. */
import { readdir } from 'node:fs/promises'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import type { EncoderConfig } from '../../model/encoder/encoder-config.ts'
import { parseEncoderConfig } from '../../model/encoder/encoder-config.ts'
import { type Pooling, parsePooling } from '../../model/encoder/pooling-config.ts'
import { encoderSource } from '../../model/encoder/read-encoder.ts'
import { parseTextLimit } from '../../model/encoder/text-limit.ts'
import { elementCount, type TensorSource } from '../../model/weights/tensor-source.ts'
import { requireRows } from '../../text/tokenizer/parse-tokenizer.ts'
import { readTokenizer } from '../../text/tokenizer/read-tokenizer.ts'
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts'
import { openTensors, readModelJson } from './staged-files.ts'

/** A model's parts, opened; the tensors are under Shoal's names. */
export interface OpenedParts {
  readonly config: EncoderConfig
  readonly pooling: Pooling
  readonly textLimit: number
  readonly tokenizer: Tokenizer
  readonly tensors: TensorSource
}

/** Opens the parts of a model in a folder; throws `base.incomplete` with what is missing, or the error of the part that is wrong. */
export async function openParts(folder: string, weights: string, source: string): Promise<OpenedParts> {
  const names = await readdir(folder)
  const needed = ['config.json', 'tokenizer.json'].filter((name) => !names.includes(name))
  if (needed.length > 0)
    throw appError('base.incomplete', {
      source,
      problem: `it has no ${needed.join(' and no ')}; it has ${names.sort().join(', ')}. ${hint(needed)}`,
    })
  const config = parseEncoderConfig(await readModelJson(folder, 'config.json', source), 'config.json')
  const pooling = parsePooling(
    await readModelJson(folder, 'modules.json', source),
    await readModelJson(folder, '1_Pooling/config.json', source),
  )
  const textLimit = parseTextLimit(
    config,
    await readModelJson(folder, 'sentence_bert_config.json', source),
    await readModelJson(folder, 'tokenizer_config.json', source),
  )
  const tokenizer = await readTokenizer(folder)
  requireRows(tokenizer, config.vocabulary, 'config.json')
  const stored = await openTensors(folder, weights)
  try {
    return { config, pooling, textLimit, tokenizer, tensors: encoderSource(config, stored, weights) }
  } catch (cause) {
    await stored.close()
    throw cause
  }
}

function hint(missing: readonly string[]): string {
  if (missing.includes('tokenizer.json'))
    return 'Where there is a vocab.txt only, transformers writes the file: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)'
  return 'Put the file that its publisher has beside the weights'
}

/** Opens a model and reads every tensor of it once; says how many numbers it has. */
export async function checkBase(
  folder: string,
  weights: string,
  options: WorkOptions & { readonly source: string },
): Promise<{ readonly parameters: number }> {
  const { tensors } = await openParts(folder, weights, options.source)
  try {
    let parameters = 0
    for (const [done, name] of tensors.names.entries()) {
      throwIfCancelled(options.signal, 'checking tensors')
      options.progress?.({ stage: 'checking tensors', done, total: tensors.names.length })
      parameters += elementCount((await tensors.read(name)).shape)
    }
    options.progress?.({ stage: 'checking tensors', done: tensors.names.length, total: tensors.names.length })
    return { parameters }
  } finally {
    await tensors.close()
  }
}

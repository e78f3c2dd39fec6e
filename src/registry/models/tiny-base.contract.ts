/** Tiny base models for tests, as folders that a publisher would have. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { tinyConfig, tinyConfigJson, tinyTensors } from '../../model/encoder/tiny-encoder.contract.ts'
import { safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import type { StoredTensor } from '../../model/weights/tensor-source.ts'

/** A WordPiece tokenizer of 50 pieces: the special ones, letters, and letters inside words. */
export function tinyTokenizerJson(): object {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
  const letters = [...'abcdefghijklmnopqrstuvw']
  const pieces = [...special, ...letters, ...letters.slice(0, 22).map((letter) => `##${letter}`)]
  return {
    version: '1.0',
    added_tokens: special.map((content, id) => ({
      ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [framing('[CLS]', 0), sequence('A', 0), framing('[SEP]', 0)],
      pair: [
        framing('[CLS]', 0),
        sequence('A', 0),
        framing('[SEP]', 0),
        sequence('B', 1),
        framing('[SEP]', 1),
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    model: {
      ...{
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  }
}

const framing = (id: string, typeId: number): object => ({ SpecialToken: { id, type_id: typeId } })
const sequence = (id: string, typeId: number): object => ({ Sequence: { id, type_id: typeId } })

/** Files of a tiny BERT by name; equal seeds give equal bytes. */
export async function tinyBaseFiles(seed = 0): Promise<ReadonlyMap<string, Uint8Array>> {
  const source = tinyTensors(tinyConfig('bert'), seed)
  const tensors = new Map<string, StoredTensor>()
  for (const name of source.names) tensors.set(name, await source.read(name))
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
  return new Map<string, Uint8Array>([
    ['config.json', json(tinyConfigJson('bert'))],
    ['tokenizer.json', json(tinyTokenizerJson())],
    ['README.md', Buffer.from('---\nlanguage: en\nlicense: mit\n---\n# Tiny\n')],
    ['model.safetensors', safetensorsBytes(tensors)],
  ])
}

/** Writes files to a folder, leaving out those that are named. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  without: readonly string[] = [],
): Promise<string> {
  for (const [name, bytes] of files) {
    if (without.includes(name)) continue
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), bytes)
  }
  return folder
}

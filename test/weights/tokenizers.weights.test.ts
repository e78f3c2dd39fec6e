import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer as Library } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { findBase } from '../../src/registry/models/base-store.ts'
import { parseTokenizer } from '../../src/text/tokenizer/parse-tokenizer.ts'

/** Tokens by the Rust library, made by bench/peers/token_offsets.py. */
interface Reference {
  readonly text: string
  readonly ids: readonly number[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

const folder = process.env.SHOAL_WEIGHTS ?? ''
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('tokenizer.json'))
  .map((path) => join(folder, path))
const minilm = await findBase(join(folder, 'registry'), 'minilm')
const isMinilm = (file: string): boolean => minilm !== undefined && file.startsWith(minilm.folder)
const references: readonly Reference[] = JSON.parse(
  readFileSync(new URL('minilm-tokens.json', import.meta.url), 'utf8'),
)

/**
 * Where the JavaScript library is known to leave the Rust one: special tokens in a text, ideographs beyond U+FFFF, the final
 * sigma.
 */
const leaves = /\[[A-Z]+\]|<\/?[a-z]+>|[\u{20000}-\u{3ffff}]|Σ/u

it('finds a tokenizer of MiniLM among the weights', () => {
  expect(files.some(isMinilm)).toBe(true)
})

describe.each(files)('%s', (file) => {
  const json = JSON.parse(readFileSync(file, 'utf8'))
  const tokenizer = parseTokenizer(json, file)

  it('has the ids of the JavaScript library', () => {
    const library = new Library(json, {})
    for (const { text } of references) {
      if (leaves.test(text)) continue
      expect([...tokenizer.encode(text).ids], text).toEqual(
        library.encode(text, { add_special_tokens: false }).ids,
      )
    }
  })

  it.runIf(isMinilm(file))(
    'has the ids and offsets of the Rust library, marks kept with their letter',
    () => {
      for (const { text, ids, starts, ends } of references) {
        const encoding = tokenizer.encode(text)
        expect([...encoding.ids], text).toEqual(ids)
        expect([...encoding.starts], text).toEqual(starts)
        encoding.ends.forEach((end, token) => {
          expect(text.slice(ends[token], end), text).toMatch(/^\p{M}*$/u)
          expect(end, text).toBeGreaterThanOrEqual(ends[token]!)
        })
      }
    },
  )
})

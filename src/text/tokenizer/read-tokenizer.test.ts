import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readTokenizer } from './read-tokenizer.ts'
import { wordPieceJson } from './tokenizer-fixtures.contract.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-tokenizer-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('says that a folder has no tokenizer', async () => {
  await expect(readTokenizer(folder)).rejects.toMatchObject({
    code: 'tokenizer.missing',
    details: { folder },
  })
})

it('names the file that is no JSON', async () => {
  await writeFile(join(folder, 'tokenizer.json'), '{"model": ')
  await expect(readTokenizer(folder)).rejects.toMatchObject({ code: 'tokenizer.invalid' })
  await expect(readTokenizer(folder)).rejects.toThrow(join(folder, 'tokenizer.json'))
})

it('reads the tokenizer of a folder', async () => {
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(wordPieceJson()))
  const tokenizer = await readTokenizer(folder)
  expect(tokenizer.encode('hello').ids).toEqual(Int32Array.of(tokenizer.idOf('hello')!))
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Task } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import { keptCall, mailTask } from '../trace/store-fixtures.contract.ts'
import { keptInputs, loadInputs } from './unlabelled.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-unlabelled-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const read = async (name: string, text: string, options: { readonly input?: string } = {}) => {
  const file = join(folder, name)
  await writeFile(file, text)
  return (await loadInputs(file, { mask: maskedText, ...options })).map((input) =>
    input.kind === 'text' ? input.text : input,
  )
}

test('a file of texts is read without outputs, and masked', async () => {
  expect(
    await read('texts.txt', 'where is my parcel\r\nwrite to ann.lee@mail.com\n\na third, with a comma'),
  ).toEqual(['where is my parcel', 'write to [EMAIL]', 'a third, with a comma'])
  expect(await read('texts.jsonl', '{"text":"one"}\n{"text":"two"}\n')).toEqual(['one', 'two'])
})

test('of a labelled file only the inputs are read, by the column that was said', async () => {
  const csv = 'subject,text,label\nfirst,the body of one,a\nsecond,the body of two,b\n'
  expect(await read('labelled.csv', csv)).toEqual(['the body of one', 'the body of two'])
  expect(await read('labelled.csv', csv, { input: 'subject' })).toEqual(['first', 'second'])
  await expect(read('labelled.csv', csv, { input: 'titel' })).rejects.toMatchObject({
    code: 'data.column-unknown',
  })
})

test('kept calls give what they asked, whoever answered, as it stands in the slots of the template', async () => {
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const ask = (content: string, role = 'user') =>
    JSON.stringify({ model: 'big', messages: [{ role, content }] })
  const calls = [
    keptCall(1, { request: ask('Label this mail: where is it? Answer with one word.') }),
    keptCall(2, {
      request: ask('Label this mail: thanks! Answer with one word.'),
      servedBy: 'mail@1' as never,
    }),
    keptCall(3, { request: ask('a question of another sort') }),
    keptCall(4, {
      request: ask('Label this mail: of others. Answer with one word.'),
      task: taskId('others'),
    }),
  ]
  await store.calls.append(calls)
  const template = {
    messages: [
      { role: 'user' as const, constants: ['Label this mail: ', ' Answer with one word.'], slots: ['text'] },
    ],
  }
  const texts = async (task: Task) =>
    (await keptInputs(store, task, {})).map((input) => (input.kind === 'text' ? input.text : input))
  expect(await texts({ ...mailTask, template })).toEqual(['where is it?', 'thanks!'])
  expect((await texts(mailTask)).at(-1)).toBe('a question of another sort')
  await store.close()
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import { contextOf, questionOf } from './question-input.ts'

const task = { id: taskId('faq'), kind: 'question-answering' } as const

test('a context is a file where there is one of that name, and else the text itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-context-'))
  const file = join(folder, 'book.txt')
  await writeFile(file, 'Ada lives in Rome.\n')
  expect(await contextOf(task, file)).toBe('Ada lives in Rome.\n')
  expect(await contextOf(task, 'Ada lives in Oslo.')).toBe('Ada lives in Oslo.')
  expect(await contextOf(task, folder)).toBe(folder)
  expect(await contextOf(task, undefined)).toBeUndefined()
  const labels = { id: task.id, kind: 'classification' } as const
  await expect(contextOf(labels, 'x')).rejects.toThrow(/--context is for tasks of questions/)
  await rm(folder, { recursive: true })
})

test('a question comes with its context by the flag or in JSON', () => {
  expect(questionOf('Who?', { context: 'Ada.', line: 1 })).toEqual({
    kind: 'question',
    question: 'Who?',
    context: 'Ada.',
  })
  const both = '{"question": "Who?", "context": "Bob.", "id": 7}'
  expect(questionOf(both, { context: undefined, line: 1 })).toMatchObject({
    question: 'Who?',
    context: 'Bob.',
  })
  expect(() => questionOf('Who?', { context: undefined, line: 3 })).toThrow(/line 3 .*--context/)
})

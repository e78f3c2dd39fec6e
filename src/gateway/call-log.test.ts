import { pino } from 'pino'
import { expect, test } from 'vitest'
import { newCallId } from '../base/ids.ts'
import type { Call } from '../wire/call.ts'
import { callLog } from './call-log.ts'

const call: Call = {
  id: newCallId(1),
  atMs: 1,
  method: 'POST',
  path: '/v1/chat/completions',
  wire: 'openai-chat',
  servedBy: 'upstream',
  reason: 'no-task',
  streaming: false,
  status: 200,
  request: '{"messages":[{"role":"user","content":"write to ada@example.com"}]}',
  response: '{"choices":[]}',
  latencyMs: 12.34,
}

function linesOf(setting: 'none' | 'lines' | 'texts', level = 'warn', one = call): readonly string[] {
  const lines: string[] = []
  const log = pino({ level, base: null }, { write: (line) => void lines.push(line) })
  callLog(log, () => setting)(one)
  return lines
}

test('without being asked for no call is logged', () => {
  expect(linesOf('none', 'debug')).toEqual([])
})

test('a line says who answered and why, and nothing of what was said', () => {
  const [line] = linesOf('lines')
  expect(JSON.parse(line!)).toMatchObject({
    call: call.id,
    servedBy: 'upstream',
    status: 200,
    latencyMs: 12.3,
  })
  expect(line).not.toContain('write to')
})

test('a path is masked as where calls are kept', () => {
  const [line] = linesOf('lines', 'warn', { ...call, path: '/v1/users/ada@example.com/files' })
  expect(line).toContain('/v1/users/')
  expect(line).not.toContain('ada@example.com')
})

test('texts are logged where they are asked for, masked', () => {
  const [line] = linesOf('texts')
  expect(line).toContain('write to')
  expect(line).not.toContain('ada@example.com')
})

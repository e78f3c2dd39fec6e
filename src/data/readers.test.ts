import { parquetWriteBuffer } from 'hyparquet-writer'
import { readerContract } from './reader.contract.ts'
import type { Row } from './reader.ts'

const lineFrom =
  (first: number, perRow = 1) =>
  (at: number): number =>
    first + at * perRow
const firstTwo = (row: Row): readonly [string | undefined, string | undefined] =>
  row.kind === 'record' ? [row.values[0], row.values[1]] : [undefined, undefined]
const textAndSpan = (row: Row): readonly [string | undefined, string | undefined] =>
  row.kind === 'example' && row.input.kind === 'text' && row.output.kind === 'spans'
    ? [row.input.text, row.output.spans[0]?.label]
    : [undefined, undefined]
const promptAndAnswer = (row: Row): readonly [string | undefined, string | undefined] =>
  row.kind === 'call' ? [row.prompt?.messages.at(-1)?.content, row.answer] : [undefined, undefined]

type Rows = readonly { readonly text: string; readonly label: string }[]
const lines = (rows: Rows, entry: (row: Rows[number]) => unknown): string =>
  rows.map((row) => `${JSON.stringify(entry(row))}\n`).join('')
/** A JSON document with an element of the list on each line. */
const document = (before: string, rows: Rows, entry: (row: Rows[number]) => unknown): string =>
  `${before}[\n${rows.map((row) => JSON.stringify(entry(row))).join(',\n')}\n]${before === '' ? '' : '}'}\n`
const messages = (text: string): unknown => [{ role: 'user', content: text }]

readerContract({
  reader: { format: 'csv', yields: 'record' },
  name: 'rows.csv',
  lineOf: lineFrom(2),
  write: (rows) => ['text,label', ...rows.map(({ text, label }) => `"${text}",${label}`), ''].join('\n'),
  read: firstTwo,
})

readerContract({
  reader: { format: 'tsv', yields: 'record' },
  name: 'rows.tsv',
  lineOf: lineFrom(2),
  write: (rows) => ['text\tlabel', ...rows.map(({ text, label }) => `${text}\t${label}`), ''].join('\n'),
  read: firstTwo,
})

readerContract({
  reader: { format: 'jsonl', yields: 'record' },
  name: 'rows.jsonl',
  lineOf: lineFrom(1),
  write: (rows) => lines(rows, (row) => row),
  read: firstTwo,
})

readerContract({
  reader: { format: 'json', yields: 'record' },
  name: 'rows.json',
  lineOf: lineFrom(2),
  write: (rows) => document('{"version": "1", "items": ', rows, (row) => row),
  read: firstTwo,
})

readerContract({
  reader: { format: 'parquet', yields: 'record' },
  name: 'rows.parquet',
  lineOf: lineFrom(1),
  isNoText:
    'Parquet is no text: its strings are UTF-8 by the format, and a file cut short has tests of its own',
  write: (rows) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'text', data: rows.map(({ text }) => text), type: 'STRING' },
          { name: 'label', data: rows.map(({ label }) => label), type: 'STRING' },
        ],
        rowGroupSize: 10,
      }),
    ),
  read: firstTwo,
})

readerContract({
  reader: { format: 'conll', yields: 'example' },
  name: 'rows.conll',
  lineOf: lineFrom(1, 7),
  noLongText: 'a sentence of five million tokens is no sentence; its limit has a test of its own',
  write: (rows) =>
    rows
      .map(({ text, label }) =>
        text
          .split(' ')
          .map((token, at) => `${token}\t${at === 0 ? `B-${label}` : 'O'}\n`)
          .join(''),
      )
      .map((sentence) => `${sentence}\n`)
      .join(''),
  read: textAndSpan,
})

readerContract({
  reader: { format: 'spans', yields: 'example' },
  name: 'spans.jsonl',
  lineOf: lineFrom(1),
  write: (rows) => lines(rows, ({ text, label }) => ({ text, entities: [{ start: 0, end: 3, label }] })),
  read: textAndSpan,
})

readerContract({
  reader: { format: 'squad', yields: 'example' },
  name: 'questions.json',
  lineOf: lineFrom(2),
  write: (rows) =>
    document('{"version": "v2.0", "data": ', rows, ({ text, label }) => ({
      title: label,
      paragraphs: [
        { context: text, qas: [{ question: label, answers: [{ text: text[0], answer_start: 0 }] }] },
      ],
    })),
  read: (row) =>
    row.kind === 'example' && row.input.kind === 'question'
      ? [row.input.context, row.input.question]
      : [undefined, undefined],
})

readerContract({
  reader: { format: 'openai-log', yields: 'call' },
  name: 'log.jsonl',
  lineOf: lineFrom(1),
  write: (rows) =>
    lines(rows, ({ text, label }) => ({
      request: { model: 'big-1', messages: messages(text) },
      response: {
        model: 'big-1',
        choices: [{ index: 0, message: { role: 'assistant', content: label }, finish_reason: 'stop' }],
      },
    })),
  read: promptAndAnswer,
})

readerContract({
  reader: { format: 'anthropic-log', yields: 'call' },
  name: 'log.jsonl',
  lineOf: lineFrom(1),
  write: (rows) =>
    lines(rows, ({ text, label }) => ({
      request: { model: 'big-2', max_tokens: 10, system: 'Answer yes or no.', messages: messages(text) },
      response: {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'text', text: label }],
        stop_reason: 'end_turn',
      },
    })),
  read: promptAndAnswer,
})

readerContract({
  reader: { format: 'litellm', yields: 'call' },
  name: 'litellm.jsonl',
  lineOf: lineFrom(1),
  write: (rows) =>
    lines(rows, ({ text, label }) => ({
      id: 'chatcmpl-1',
      call_type: 'acompletion',
      startTime: 1_790_000_000.5,
      endTime: 1_790_000_001.75,
      model: 'big-1',
      messages: messages(text),
      response: { choices: [{ index: 0, message: { role: 'assistant', content: label } }] },
    })),
  read: promptAndAnswer,
})

readerContract({
  reader: { format: 'langfuse', yields: 'call' },
  name: 'observations.json',
  lineOf: lineFrom(2),
  write: (rows) =>
    document('', rows, ({ text, label }) => ({
      id: 'o1',
      traceId: 't1',
      type: 'GENERATION',
      startTime: '2026-01-02T03:04:05.000Z',
      input: messages(text),
      output: { role: 'assistant', content: label },
    })),
  read: promptAndAnswer,
})

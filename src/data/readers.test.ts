import { csvReader } from './csv.ts'
import { jsonlReader } from './jsonl.ts'
import { openaiLogReader } from './openai-log.ts'
import { readerContract } from './reader.contract.ts'
import type { Row } from './reader.ts'
import { tsvReader } from './tsv.ts'

const firstTwo = (row: Row): readonly [string | undefined, string | undefined] =>
  row.kind === 'record' ? [row.values[0], row.values[1]] : [undefined, undefined]

readerContract({
  reader: csvReader,
  name: 'rows.csv',
  headerLines: 1,
  write: (rows) => ['text,label', ...rows.map(({ text, label }) => `"${text}",${label}`), ''].join('\n'),
  read: firstTwo,
})

readerContract({
  reader: tsvReader,
  name: 'rows.tsv',
  headerLines: 1,
  write: (rows) => ['text\tlabel', ...rows.map(({ text, label }) => `${text}\t${label}`), ''].join('\n'),
  read: firstTwo,
})

readerContract({
  reader: jsonlReader,
  name: 'rows.jsonl',
  headerLines: 0,
  write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  read: firstTwo,
})

readerContract({
  reader: openaiLogReader,
  name: 'log.jsonl',
  headerLines: 0,
  write: (rows) =>
    rows
      .map(({ text, label }) => ({
        request: { model: 'big-1', messages: [{ role: 'user', content: text }] },
        response: {
          model: 'big-1',
          choices: [{ index: 0, message: { role: 'assistant', content: label }, finish_reason: 'stop' }],
        },
      }))
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join(''),
  read: (row) =>
    row.kind === 'call' ? [row.prompt?.messages[0]?.content, row.answer] : [undefined, undefined],
})

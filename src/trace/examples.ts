/** Examples as rows and back, and reading them, on any database that Kysely speaks to. */
import { hash } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { TaskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { Distribution } from '../task/predictor.ts'
import type { Span, TaskOutput } from '../task/types.ts'
import type { ExampleTable, StoreQueries } from './schema.ts'

const pageRows = 500

/** An example as a row of the table `examples`. */
export function exampleRow(task: TaskId, example: Example, importNo: number): Insertable<ExampleTable> {
  const output = outputText(example.output)
  return {
    import_no: importNo,
    key: exampleKey(task, example, output),
    id: example.id,
    input: JSON.stringify(example.input),
    output,
    soft: example.soft ? JSON.stringify(plainDistribution(example.soft)) : null,
    source: example.source,
    weight: example.weight,
    group_name: example.group ?? null,
    fair_sample: example.isFairSample ? 1 : null,
  }
}

/** 128 bits of SHA-256 over task, input and output, in base64url. */
function exampleKey(task: TaskId, example: Example, output: string): string {
  return hash('sha256', `${task}\n${example.id}\n${output}`, 'base64url').slice(0, 22)
}

/** The same text for equal outputs, whoever made them. */
function outputText(output: TaskOutput): string {
  switch (output.kind) {
    case 'labels':
      return JSON.stringify({ kind: output.kind, labels: output.labels })
    case 'spans':
      return JSON.stringify({ kind: output.kind, spans: output.spans.map(plainSpan) })
    case 'answer':
      return JSON.stringify({
        kind: output.kind,
        ...(output.span && { span: plainSpan(output.span) }),
        ...(output.others && { others: output.others.map(plainSpan) }),
      })
    case 'text':
      return JSON.stringify({ kind: output.kind, text: output.text, json: output.json })
  }
}

function plainSpan({ start, end, label, text }: Span): Span {
  return { start, end, ...(label !== undefined && { label }), text }
}

/** A typed array would be written as an object with its indices as names. */
function plainDistribution(soft: Distribution): Distribution {
  return { labels: soft.labels, probabilities: Array.from(soft.probabilities) }
}

function exampleOf(row: Selectable<ExampleTable>): Example {
  return {
    id: row.id,
    input: JSON.parse(row.input),
    output: JSON.parse(row.output),
    ...(row.soft !== null && { soft: JSON.parse(row.soft) }),
    source: row.source,
    weight: row.weight,
    ...(row.group_name !== null && { group: row.group_name }),
    ...(row.fair_sample !== null && { isFairSample: true }),
  }
}

/** How many examples of a task are visible. */
export async function countExamples(queries: StoreQueries, task: TaskId): Promise<number> {
  const row = await queries
    .selectFrom('imports')
    .select((builder) => builder.fn.sum('added').as('added'))
    .where('task', '=', task)
    .where('state', '=', 'done')
    .executeTakeFirst()
  return Number(row?.added ?? 0)
}

/** A task's visible examples, import by import, in the order they were added, a page at a time. */
export async function* iterateExamples(queries: StoreQueries, task: TaskId): AsyncGenerator<Example> {
  const imports = await queries
    .selectFrom('imports')
    .select('no')
    .where('task', '=', task)
    .where('state', '=', 'done')
    .orderBy('no')
    .execute()
  for (const { no } of imports) {
    for (let after = 0; ; ) {
      const rows = await queries
        .selectFrom('examples')
        .selectAll()
        .where('import_no', '=', no)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(pageRows)
        .execute()
      for (const row of rows) yield exampleOf(row)
      const last = rows.at(-1)
      if (!last || rows.length < pageRows) break
      after = last.seq
    }
  }
}

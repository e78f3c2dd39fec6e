import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Span } from '../task/types.ts'
import { importFixture, jsonLinesOf as lines } from './import-fixture.contract.ts'
import { gatherRows } from './task-rows.ts'

const { task, store, put, bring, stored, calls } = importFixture()

/** Letters, an emoji and Chinese: nothing that is masked, and offsets that differ by unit. */
const plainText = fc
  .string({ unit: fc.constantFrom('a', 'b', ' ', '🐟', '中'), minLength: 1, maxLength: 30 })
  .map((text) => `x${text}`)
const textWithSpans = fc.tuple(plainText, fc.array(fc.nat(30), { maxLength: 6 })).map(([text, cuts]) => {
  const edges = [...new Set([0, ...cuts])]
    .filter((at) => at <= text.length && isBetweenCharacters(text, at))
    .sort((a, b) => a - b)
  const spans = edges
    .slice(1)
    .flatMap((end, at): Span[] =>
      at % 2 === 0 ? [{ start: edges[at]!, end, label: 'L', text: text.slice(edges[at]!, end) }] : [],
    )
  return { text, spans }
})
const isBetweenCharacters = (text: string, at: number): boolean => !/[\udc00-\udfff]/.test(text[at] ?? '')

describe('texts with spans and questions in the store', () => {
  it('come back exactly as the file had them', async () => {
    // Each run has a task of its own: the store stays the same.
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(textWithSpans, { minLength: 1, maxLength: 8 }), async (rows) => {
        const own = taskId(`t${runs++}`)
        const file = await put(
          'spans.jsonl',
          lines({ text: 'x', spans: [{ start: 0, end: 1, label: 'L', text: 'x' }] }, ...rows),
        )
        await bring([file], { task: own })
        const unique = new Map(
          [{ text: 'x', spans: [{ start: 0, end: 1, label: 'L', text: 'x' }] }, ...rows].map((row) => [
            JSON.stringify(row),
            row,
          ]),
        )
        expect(
          (await stored(own)).map(({ input, output }) => ({
            text: input.kind === 'text' && input.text,
            spans: output.kind === 'spans' && output.spans,
          })),
        ).toEqual([...unique.values()])
      }),
      { numRuns: 20 },
    )
  })

  it('keep the answer, the others and its absence', async () => {
    const context = 'Ada lives in London 🐟.'
    const answers = [
      { text: 'London', answer_start: 13 },
      { text: 'in London 🐟', answer_start: 10 },
    ]
    const qas = [
      { id: 'a', question: 'Where?', answers },
      { id: 'b', question: 'When?', is_impossible: true, answers: [] },
    ]
    const outcome = await bring([
      await put('q.json', JSON.stringify({ data: [{ title: 'Ada', paragraphs: [{ context, qas }] }] })),
    ])
    expect(outcome.report.answers).toEqual({ inContext: 1, notInContext: 1, several: 1 })
    expect((await stored()).map(({ input, output, group }) => ({ input, output, group }))).toEqual([
      {
        input: { kind: 'question', question: 'Where?', context },
        output: {
          kind: 'answer',
          span: { start: 13, end: 19, text: 'London' },
          others: [{ start: 10, end: 22, text: 'in London 🐟' }],
        },
        group: 'Ada',
      },
      { input: { kind: 'question', question: 'When?', context }, output: { kind: 'answer' }, group: 'Ada' },
    ])
  })

  it('have their spans where they stand in the masked text, and are left out where a span cuts through it', async () => {
    const text = 'Mail ada@example.com or call Ada in London'
    const name = text.indexOf('Ada')
    const file = await put(
      's.jsonl',
      lines(
        {
          text,
          spans: [
            [name, name + 3, 'PER'],
            [5, 20, 'MAIL'],
          ],
        },
        { text, spans: [[5, 8, 'PER']] },
      ),
    )
    const { report } = await bring([file])
    expect(report).toMatchObject({
      examples: 1,
      maskedRows: 2,
      spans: { total: 2 },
      leftOut: [{ reason: 'a span that begins or ends inside masked personal data', rows: 1 }],
    })
    expect((await stored())[0]?.output).toEqual({
      kind: 'spans',
      spans: [
        { start: 5, end: 12, label: 'MAIL', text: '[EMAIL]' },
        { start: 21, end: 24, label: 'PER', text: 'Ada' },
      ],
    })
  })

  it('count what was mended and name the rows', async () => {
    const file = await put('a.conll', 'Ada\tI-PER\nruns\tO\n\nBo\tB-PER\nruns\tO\n')
    await expect(bring([file], { layout: { scheme: 'bio' } })).rejects.toMatchObject({ code: 'data.conll' })
    const { report } = await bring([file], { layout: { scheme: 'bio', repairTags: true } })
    expect(report.mended).toEqual([
      { what: expect.stringMatching(/conlleval/), count: 1, places: [{ file, line: 1 }] },
    ])
  })

  it('are a task of questions where they answer some', async () => {
    const qas = [{ question: 'Where?', answers: [{ text: 'Ada', answer_start: 0 }] }]
    await bring([await put('q.json', JSON.stringify({ data: [{ paragraphs: [{ context: 'Ada', qas }] }] }))])
    const rows = await gatherRows(store(), { task, mergeLabels: false })
    expect(rows.task).toMatchObject({
      kind: 'question-answering',
      space: { kind: 'answer' },
      rendering: { kind: 'answer', notThere: ['Not found.'] },
    })
    expect(rows.examples[0]!.output).toMatchObject({ kind: 'answer', span: { text: 'Ada' } })
    await expect(gatherRows(store(), { task, mergeLabels: false, kind: 'extraction' })).rejects.toMatchObject(
      { code: 'train.outputs-mixed', details: { answers: 1 } },
    )
  })
})

describe('logs of other tools', () => {
  const word = (at: number): string =>
    `${String.fromCharCode(97 + (at % 26))}${String.fromCharCode(97 + ((at * 7) % 26))} ${'xyz'[at % 3]}${at}`
  const anthropic = (at: number): unknown => ({
    request: {
      model: 'big-2',
      max_tokens: 5,
      system: 'Is it odd? Answer yes or no.',
      messages: [{ role: 'user', content: `Text: ${word(at)}` }],
    },
    response: {
      type: 'message',
      role: 'assistant',
      model: 'big-2',
      content: [{ type: 'text', text: at % 2 ? 'yes' : 'no' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  })

  it('of the Anthropic API become calls of its wire, from which a task is learned', async () => {
    const file = await put('log.jsonl', lines(...Array.from({ length: 60 }, (_, at) => anthropic(at))))
    const { stored: kept } = await bring([file])
    expect(kept).toMatchObject({ calls: 60 })
    expect((await calls())[0]).toMatchObject({
      wire: 'anthropic-messages',
      path: '/v1/messages',
      model: 'big-2',
      usage: { promptTokens: 9, completionTokens: 1 },
    })
    const rows = await gatherRows(store(), { task, mergeLabels: false })
    expect(rows.task).toMatchObject({ kind: 'classification', space: { labels: ['no', 'yes'] } })
    expect(rows.examples).toHaveLength(60)
    expect(rows.examples.map(({ input }) => input.kind === 'text' && input.text)).toContain(word(7))
  })

  it('leave out what is no call, counted and by name, and keep none of it', async () => {
    const generation = {
      id: 'o1',
      traceId: 't',
      type: 'GENERATION',
      startTime: '2026-01-02T03:04:05Z',
      input: [{ role: 'user', content: 'hi' }],
      output: 'yes',
    }
    const file = await put(
      'o.json',
      JSON.stringify([generation, { ...generation, id: 'o2', type: 'SPAN' }], null, 1),
    )
    const { report, stored: kept } = await bring([file])
    expect(kept).toMatchObject({ calls: 1 })
    expect(report.leftOut).toEqual([
      {
        reason: 'a Langfuse observation of the type SPAN',
        rows: 1,
        samples: [{ file, line: 15, name: 'o2' }],
      },
    ])
    expect(await calls()).toHaveLength(1)
  })
})

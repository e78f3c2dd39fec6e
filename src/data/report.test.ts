import { describe, expect, it } from 'vitest'
import type { Example } from './example.ts'
import { exampleId } from './example-set.ts'
import { labelCounts, labelVariants, mergeLabels, refuseLabelVariants } from './labels.ts'
import { LengthHistogram } from './lengths.ts'
import { ReportBuilder } from './report.ts'

const example = (text: string, label: string): Example => ({
  id: exampleId({ kind: 'text', text }),
  input: { kind: 'text', text },
  output: { kind: 'labels', labels: [label] },
  source: 'gold',
  weight: 1,
})
const reportOf = (rows: readonly (readonly [string, string])[]): ReturnType<ReportBuilder['report']> => {
  const builder = new ReportBuilder()
  rows.forEach(([text, label], at) => {
    builder.addExample(example(text, label), { file: 'f', line: at + 2 })
  })
  return builder.report()
}

describe('the report', () => {
  it('counts rows, labels and rows left out with where they are', () => {
    const builder = new ReportBuilder()
    builder.addExample(example('a', 'x'), { file: 'f', line: 2 })
    builder.addLeftOut('no output', { file: 'f', line: 3 })
    expect(builder.report()).toMatchObject({
      rows: 2,
      examples: 1,
      leftOut: [{ reason: 'no output', rows: 1, samples: [{ file: 'f', line: 3 }] }],
      labels: { distinct: 1, uncounted: 0, counts: [{ label: 'x', count: 1 }] },
    })
  })

  it('warns of one class, of few rows and of labels that are alike', () => {
    const { warnings } = reportOf([
      ['a', 'Refund'],
      ['b', 'refund '],
    ])
    expect(warnings.join('\n')).toMatch(/^Few rows \(2\)/)
    expect(warnings.join('\n')).toMatch(/"Refund" \(1\) and "refund " \(1\).*--merge-labels/)
    const one = reportOf(Array.from({ length: 200 }, (_, at) => [`text ${at}`, 'x'] as const))
    expect(one.warnings).toEqual(['Every row carries the same output, "x": there is nothing to tell apart.'])
  })

  it('warns of twins that contradict and of outputs that are no classes', () => {
    const rows = Array.from({ length: 300 }, (_, at) => [`text ${at}`, `free answer ${at}`] as const)
    const { warnings } = reportOf([...rows, ['Text 7', 'another']])
    expect(warnings.join('\n')).toMatch(/301 different outputs: no classification/)
    expect(warnings.join('\n')).toMatch(/Rows whose twin carries another output: 1, of 1 inputs/)
  })

  it('counts outputs that are long or very many in bounded memory', () => {
    const report = reportOf(Array.from({ length: 10_050 }, (_, at) => [`text ${at}`, `label ${at}`] as const))
    expect(report.labels).toMatchObject({ distinct: 10_000, uncounted: 50 })
    expect(report.labels.counts).toHaveLength(200)
  })
})

describe('labels', () => {
  const rows = [example('a', 'Refund'), example('b', 'refund'), example('c', 'refund'), example('d', 'other')]

  it('that differ only in case or spaces are grouped under the most frequent', () => {
    const [group, ...rest] = labelVariants(labelCounts(rows))
    expect(rest).toEqual([])
    expect(group).toEqual({
      kept: 'refund',
      variants: [
        { label: 'refund', count: 2 },
        { label: 'Refund', count: 1 },
      ],
    })
  })

  it('that are alike are refused by name, or merged', () => {
    expect(() => refuseLabelVariants(rows)).toThrow(/"refund" \(2\) and "Refund" \(1\)/)
    const merged = mergeLabels(rows)
    expect(labelCounts(merged)).toEqual([
      { label: 'refund', count: 3 },
      { label: 'other', count: 1 },
    ])
    expect(() => refuseLabelVariants(merged)).not.toThrow()
    expect(mergeLabels(merged)).toBe(merged)
  })
})

describe('lengths', () => {
  it('are exact when short and within 3% when long', () => {
    const lengths = new LengthHistogram()
    for (let length = 1; length <= 101; length++) lengths.add(length)
    expect(lengths.summary()).toEqual({ shortest: 1, median: 51, p99: 100, longest: 101 })
    const long = new LengthHistogram()
    for (let at = 0; at < 1000; at++) long.add(5000 + at * 10)
    expect(Math.abs(long.summary().median / 9995 - 1)).toBeLessThan(0.03)
    expect(new LengthHistogram().summary()).toEqual({ shortest: 0, median: 0, p99: 0, longest: 0 })
  })
})

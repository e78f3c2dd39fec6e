/** The specialists of a cascade on its card: when each answers, how often it did, and what it is by itself. */
import type { Card } from './card-schema.ts'

/** A table of the specialists; nothing where there is one. */
export function stagesLines({ certificate, stages = [] }: Card): readonly string[] {
  if (certificate.stages === undefined) return []
  const rows = certificate.stages.map(({ specialist, threshold, test }) => {
    const alone = stages.find((one) => one.specialist === specialist)
    const name = alone ? `${specialist} (${alone.tier})` : specialist
    const from = threshold === undefined ? 'never' : `from ${percent(threshold)} sure`
    const answered = `${number(test.n)} (${percent(test.n / Math.max(1, certificate.test.rows))})`
    return `| ${name} | ${from} | ${answered} | ${number(test.errors)} | ${
      alone
        ? `${percent(alone.right.value)} [${percent(alone.right.low)}, ${percent(alone.right.high)}] | ${number(Math.round(alone.textsPerSecond))} | ${number(alone.sizeBytes)} | ${(alone.trainMs / 1000).toFixed(1)} s`
        : '| | | '
    } |`
  })
  const wrong = certificate.wrongMeans === 'error' ? 'wrong' : 'in disagreement'
  return [
    [
      `| asked in this order | answers | of the test rows | of these ${wrong} | alone, of all test rows right | texts a second | bytes | trained in |`,
      '|---|---|---|---|---|---|---|---|',
      ...rows,
    ].join('\n'),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

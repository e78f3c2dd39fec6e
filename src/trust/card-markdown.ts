/** The card as Markdown, for a reader who knows nothing of Shoal. */
import type { Estimate } from '../stats/interval.ts'
import { questionScores } from './card-questions.ts'
import type { Card } from './card-schema.ts'
import { confusionChart } from './charts/confusion-chart.ts'
import { reliabilityDiagram } from './charts/reliability-diagram.ts'
import { riskCoverageChart } from './charts/risk-coverage-chart.ts'
import { findingsLines } from './findings-markdown.ts'
import { optionLines } from './options-markdown.ts'
import { stagesLines } from './stages-markdown.ts'

const contenderNames: {
  readonly [Name in NonNullable<Card['comparison']>['contenders'][number]['name']]: string
} = {
  majority: 'always the most frequent label',
  'tfidf-lr': 'TF-IDF with logistic regression',
  dictionary: 'the texts labelled in training, wherever they stand',
  'not-there': 'always "not there"',
  'lexical-sentence': 'the sentence with the most words of the question',
  upstream: 'the upstream',
}
/** Labels and confusions that are written out; the JSON has all. */
const mostLines = 10

export interface CardMarkdownOptions {
  /** True: charts stand in it as SVG, for pages and files; false, for the terminal. */
  readonly charts: boolean
}

/** Writes a card as Markdown. */
export function cardMarkdown(card: Card, { charts }: CardMarkdownOptions): string {
  const drawn = (...some: readonly (string | undefined)[]): readonly string[] =>
    charts ? some.filter((chart) => chart !== undefined) : []
  return [
    `# ${card.specialist}`,
    `A ${card.tier} specialist for ${card.task.kind}${labelCount(card)}, trained on ${number(card.data.train.rows)} examples on ${card.provenance.createdAt.slice(0, 10)}${adapterWords(card)}.`,
    ...verdict(card),
    ...promise(card),
    ...drawn(riskCoverageChart(card)),
    ...scores(card),
    ...drawn(reliabilityDiagram(card)),
    ...labels(card),
    ...drawn(confusionChart(card)),
    ...findings(card),
    '## Limits',
    card.limits.map((limit) => `- ${limit}`).join('\n'),
    ...provenance(card),
  ]
    .join('\n\n')
    .concat('\n')
}

function verdict({ verdict }: Card): readonly string[] {
  if (verdict === undefined || verdict.reasons.length === 0) return []
  const head =
    verdict.advice === 'do-not-train' ? '## Verdict: do not train' : '## Verdict: worth having, with care'
  return [head, verdict.reasons.map((reason) => `- ${reason.sentence}`).join('\n')]
}

function promise(card: Card): readonly string[] {
  const { certificate } = card
  const wrong = wrongWord(card)
  const byParts = certificate.promise === 'parts'
  const head = '## What it may answer'
  if (certificate.threshold === undefined)
    return [head, `Nothing, for now. ${certificate.refusal ?? ''}`.trim()]
  const line = (name: string, part: Card['certificate']['test']): string =>
    `| ${name} | ${number(part.rows)} | ${number(part.n)} (${percent(part.coverage)}) | ${number(part.errors)} |${byParts ? ` ${percent(part.meanLoss ?? 0)} |` : ''} ${percent(part.bound)} |`
  return [
    head,
    `${whatItAnswers(card)} ` +
      `${byParts ? 'Of the parts of an answer, on average over the calls that it answers,' : 'Of the calls that it answers,'} at most ${percent(certificate.risk)} ${wrong}, with probability at least ${percent(1 - certificate.delta)}. All other calls go to the upstream.`,
    [
      `| rows | all | answered | of these ${wrong} |${byParts ? ` parts that ${wrong} |` : ''} at most, with ${percent(1 - certificate.delta)} confidence |`,
      `|---|---|---|---|---|${byParts ? '---|' : ''}`,
      line('calibration (chose the threshold)', certificate.calibration),
      line('test (chose nothing)', certificate.test),
    ].join('\n'),
    ...stagesLines(card),
  ]
}

function whatItAnswers({ certificate }: Card): string {
  if (certificate.stages === undefined)
    return `It answers calls of which it is at least ${percent(certificate.threshold!)} sure and which look like those it learned from.`
  const [first, ...others] = certificate.stages.map(({ specialist }) => specialist)
  return `It is a cascade: ${first} is asked first, and ${others.join(', then ')} where that is not sure enough or the call looks unlike those it learned from. The promise is about the answers of all together.`
}

function scores(card: Card): readonly string[] {
  const { evaluation, comparison } = card
  const metric = evaluation.wrongMeans === 'error' ? 'accuracy' : 'agreement with the upstream'
  const macro = evaluation.classification?.macroF1
  const spans = evaluation.extraction
  const rows = [
    `| this specialist | ${estimate(evaluation.right)} | |`,
    ...(comparison?.contenders ?? []).map(
      ({ name, accuracy, specialistLead: lead }) =>
        `| ${contenderNames[name]} | ${estimate(accuracy)} | ${points(lead)}, p ${lead.pValue < 0.001 ? '< 0.001' : `= ${lead.pValue.toFixed(3)}`} |`,
    ),
  ]
  return [
    '## Scores when it answers everything',
    `On ${number(evaluation.rows)} test rows that it was not trained on; in brackets the 95% interval.`,
    [`| | ${metric} | the specialist's lead on the same rows |`, '|---|---|---|', ...rows].join('\n'),
    [
      ...(macro === undefined ? [] : [`Macro-F1 ${estimate(macro)}.`]),
      ...(spans === undefined ? [] : [spanScores(spans, comparison)]),
      ...questionScores(card, contenderNames),
      `Its confidence is off by ${percent(evaluation.confidence.ece)} on average (expected calibration error), Brier score ${evaluation.confidence.brier.toFixed(4)}.`,
    ].join(' '),
  ]
}

function spanScores(
  { precision, recall, f1, rowsWithoutSpans }: NonNullable<Card['evaluation']['extraction']>,
  comparison: Card['comparison'],
): string {
  const plain = (comparison?.contenders ?? []).flatMap(({ name, f1: theirs }) =>
    theirs === undefined ? [] : [`${contenderNames[name]}: ${estimate(theirs)}`],
  )
  return [
    `The figures above are of whole answers. Of single parts: strict F1 ${estimate(f1)}, precision ${estimate(precision)}, recall ${estimate(recall)}.`,
    ...(plain.length > 0 ? [`F1 of ${plain.join('; ')}.`] : []),
    ...(rowsWithoutSpans > 0
      ? [
          `${number(rowsWithoutSpans)} rows whose right answer cannot be made of the input are wrong as whole answers and in no figure of parts.`,
        ]
      : []),
  ].join(' ')
}

function labels(card: Card): readonly string[] {
  const { classification, extraction } = card.evaluation
  const perLabel = classification?.perLabel ?? extraction?.perLabel
  if (perLabel === undefined) return []
  const weakest = [...perLabel]
    .filter((label) => label.support > 0)
    .sort((a, b) => a.f1.value - b.f1.value)
    .slice(0, mostLines)
  const confusions = classification?.confusions.slice(0, mostLines) ?? []
  return [
    '## Where it errs',
    [
      `| label (lowest F1 first) | ${classification ? 'test rows' : 'in the test rows'} | precision | recall | F1 |`,
      '|---|---|---|---|---|',
      ...weakest.map(
        ({ label, support, precision, recall, f1 }) =>
          `| ${cell(label)} | ${support} | ${estimate(precision)} | ${estimate(recall)} | ${estimate(f1)} |`,
      ),
    ].join('\n'),
    ...(confusions.length === 0
      ? []
      : [
          [
            '| expected | said | times | of the rows with that label |',
            '|---|---|---|---|',
            ...confusions.map(
              ({ expected, predicted, count, share }) =>
                `| ${cell(expected)} | ${cell(predicted)} | ${count} | ${estimate(share)} |`,
            ),
          ].join('\n'),
        ]),
  ]
}

function findings({ data }: Card): readonly string[] {
  const lines = data.findings === undefined ? [] : findingsLines(data.findings)
  return lines.length === 0 ? [] : ['## The data', lines.map((line) => `- ${line}`).join('\n')]
}

function provenance(card: Card): readonly string[] {
  const { data, provenance: from, certificate } = card
  const sources = Object.entries(data.sources).map(([source, rows]) => `${number(rows)} ${source}`)
  const holdsFor = certificate.holdsFor
  return [
    '## Where it comes from',
    [
      '| part | rows | SHA-256 of the rows |',
      '|---|---|---|',
      ...(['train', 'calibration', 'test'] as const).map(
        (name) => `| ${name} | ${number(data[name].rows)} | \`${data[name].digest}\` |`,
      ),
    ].join('\n'),
    [
      `- Outputs came from: ${sources.join(', ')}.`,
      `- Seed ${from.seed}, Shoal ${from.shoal}, Node ${from.node}; trained in ${(from.trainMs / 1000).toFixed(1)} s; ${number(card.sizeBytes)} bytes.`,
      `- The promise is void when one of these changes: ${[
        ...holdsFor.specialists.map(({ id, digest }) => `specialist ${id} (\`${digest}\`)`),
        ...(holdsFor.template === undefined ? [] : [`prompt template (\`${holdsFor.template}\`)`]),
        `masking version ${holdsFor.maskingVersion}`,
        ...(holdsFor.upstream === undefined ? [] : [`upstream model ${holdsFor.upstream}`]),
      ].join('; ')}.`,
      '- Options:',
      ...optionLines(from.options),
    ].join('\n'),
  ]
}

function labelCount(card: Card): string {
  return card.task.labels === undefined ? '' : ` into ${card.task.labels.length} labels`
}

function adapterWords({ adapter }: Card): string {
  if (adapter === undefined) return ''
  return `: an adapter of rank ${adapter.rank}, ${number(Math.ceil(adapter.sizeBytes / 1024))} KB, on a base that others share`
}

function wrongWord(card: Card): string {
  return card.certificate.wrongMeans === 'error' ? 'are wrong' : 'disagree with the upstream'
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share >= 0.9995 && share < 1 ? 2 : 1)}%`
}

function estimate({ value, low, high }: Estimate): string {
  return `${percent(value)} [${percent(low)}, ${percent(high)}]`
}

function points({ value, low, high }: Estimate): string {
  const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`
  return `${signed(value)} points [${signed(low)}, ${signed(high)}]`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

/** A label inside a table cell: no line breaks, no bar that would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
}

/** `shoal eval`: a specialist judged on a labelled file. */
import { Command } from 'commander'
import type { Json } from '../base/json.ts'
import { type Evaluation, evaluate } from '../eval/evaluate.ts'
import type { QuestionMetrics } from '../eval/question-answering.ts'
import { loadExamples } from '../pipeline/read-files.ts'
import { gateOf, openTarget } from '../pipeline/target.ts'
import type { Estimate } from '../stats/interval.ts'
import { maskedText } from '../text/masking.ts'
import { type CommandContext, withContext } from './context.ts'
import { type ColumnFlags, saidColumns } from './flags.ts'
import { addLayoutFlags, type LayoutFlags, saidLayout } from './layout-flags.ts'
import { formatTable } from './terminal.ts'
import { everyTier, openTiers } from './tiers.ts'

interface EvalFlags extends ColumnFlags, LayoutFlags {
  readonly data: string
  readonly json?: boolean
}

/** The command. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .summary('judge a specialist on a labelled file')
    .description(
      'Asks a specialist for every row of a labelled file and judges its answers, all of them and those its certificate lets it give.',
    )
    .argument('<target>', 'a task (the version that serves, or else the newest) or TASK@VERSION')
    .requiredOption('--data <file>', 'labelled file')
    .option('--input <column>', 'column that holds the input')
    .option('--output <column>', 'column that holds the label')
  return addLayoutFlags(command)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal eval support-intent@3 --data held-out.csv')
    .action((target: string, flags: EvalFlags) =>
      withContext(flags, (context) => evaluateTarget(context, target, flags)),
    )
}

async function evaluateTarget(context: CommandContext, text: string, flags: EvalFlags): Promise<void> {
  const { registry, signal, terminal } = context
  const target = await openTarget(text, { registry, tiers: everyTier(await openTiers(context)) })
  const { id, task, predictor, why } = target
  try {
    if (why !== undefined) terminal.note(why)
    const mask = task.masked ? maskedText : (plain: string): string => plain
    const work = { signal, progress: terminal.progress }
    const { examples, leftOut } = await loadExamples([flags.data], {
      mask,
      layout: saidLayout(flags),
      columns: saidColumns(flags),
      ...work,
    })
    const gate = gateOf(target)
    const evaluation = await evaluate(predictor, examples, { gate, task, ...work })
    terminal.print(evaluationText(id, evaluation, leftOut))
    terminal.printJson(evaluationJson(id, evaluation, leftOut))
  } finally {
    await predictor.dispose()
  }
}

function evaluationText(id: string, evaluation: Evaluation, leftOut: number): string {
  const { classification, extraction, questionAnswering, underCertificate, confidence } = evaluation
  const rows: (readonly string[])[] = [
    [id, `${evaluation.rows} rows${leftOut > 0 ? `, ${leftOut} left out without input or label` : ''}`],
    [
      extraction ? 'whole answers' : questionAnswering ? 'exact match' : 'accuracy',
      interval(evaluation.right),
    ],
  ]
  if (questionAnswering) rows.push(...questionRows(questionAnswering))
  if (extraction) {
    rows.push(['entity precision', interval(extraction.precision)])
    rows.push(['entity recall', interval(extraction.recall)])
    rows.push(['entity F1 (strict)', interval(extraction.f1)])
    for (const { label, support, f1 } of extraction.perLabel)
      rows.push([`  ${label}`, `${interval(f1)}  ${support} in the rows`])
  }
  if (classification) rows.push(['macro-F1', interval(classification.macroF1)])
  rows.push(['calibration error', percent(confidence.ece)])
  if (underCertificate) {
    rows.push(['may answer', `${interval(underCertificate.coverage)}  ${underCertificate.n} rows`])
    rows.push([
      'wrong of these',
      underCertificate.realisedError
        ? `${interval(underCertificate.realisedError)}  ${underCertificate.errors} rows`
        : 'it may answer none',
    ])
  }
  return formatTable(rows)
}

function questionRows({ f1, there, notThere }: QuestionMetrics): readonly (readonly string[])[] {
  return [
    ['F1', interval(f1)],
    ...(there && notThere
      ? [
          ['  answer there', `${interval(there.exactMatch)}  ${there.rows} rows`],
          ['  not there', `${interval(notThere.accuracy)}  ${notThere.rows} rows`],
        ]
      : []),
    ...(notThere?.auroc ? [['AUROC of "not there"', notThere.auroc.value.toFixed(3)]] : []),
  ]
}

function evaluationJson(id: string, evaluation: Evaluation, leftOut: number): Json {
  return JSON.parse(JSON.stringify({ specialist: id, leftOut, ...evaluation }))
}

function interval({ value, low, high }: Estimate): string {
  return `${percent(value)}  (95% interval ${percent(low)} to ${percent(high)})`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

/** `shoal check`: what is the matter with a task's rows, before anything is trained. */
import { Command } from 'commander'
import pc from 'picocolors'
import { type TaskId, taskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Example } from '../data/example.ts'
import { readableInput } from '../data/example-set.ts'
import { type DataFindings, findInData } from '../eval/data-findings.ts'
import { summaryOf } from '../eval/findings-summary.ts'
import { suspectsOf } from '../pipeline/fix-rows.ts'
import { loadExamples } from '../pipeline/read-files.ts'
import { gatherRows } from '../pipeline/task-rows.ts'
import { maskedText } from '../text/masking.ts'
import { findingsLines } from '../trust/findings-markdown.ts'
import { type CommandContext, withContext } from './context.ts'
import { type ColumnFlags, saidColumns, wholeFlag } from './flags.ts'
import { addLayoutFlags, type LayoutFlags, saidLayout } from './layout-flags.ts'

interface CheckFlags extends ColumnFlags, LayoutFlags {
  readonly data?: string
  readonly test?: string
  readonly seed: number
  readonly suspects: number
  readonly json?: boolean
}

const shownUnits = 100

/** The command. */
export function checkCommand(): Command {
  const command = new Command('check')
    .summary("what is the matter with a task's rows")
    .description(
      'Looks at the rows of a task before anything is trained: repeats, labels that look wrong, labels with few rows, test rows among the training rows, and what each does to the score of a plain model.',
    )
    .argument('<task>', 'the task')
    .option('--data <file>', 'look at this labelled file instead of what the store holds')
    .option('--test <file>', 'look for rows of this labelled file among them')
    .option('--input <column>', 'column of the files that holds the input')
    .option('--output <column>', 'column of the files that holds the label')
  return addLayoutFlags(command)
    .option('--suspects <number>', 'labels that look wrong to list', wholeFlag, 20)
    .option('--seed <number>', 'seed of the folds', wholeFlag, 0)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal check support-intent\n  shoal check support-intent --data tickets.csv --suspects 50',
    )
    .action((task: string, flags: CheckFlags) =>
      withContext(flags, (context) => check(context, taskId(task), flags)),
    )
}

async function check(context: CommandContext, task: TaskId, flags: CheckFlags): Promise<void> {
  const { signal, terminal } = context
  const work = { signal, progress: terminal.progress }
  const load = async (file: string | undefined) =>
    file === undefined
      ? undefined
      : (
          await loadExamples([file], {
            mask: maskedText,
            layout: saidLayout(flags),
            columns: saidColumns(flags),
            ...work,
          })
        ).examples
  const [data, test] = [await load(flags.data), await load(flags.test)]
  const examples = data ?? (await trainableRows(context, task))
  const findings = await findInData(examples, { seed: flags.seed, ...(test && { test }), ...work })
  terminal.print(checkText(findings, examples, flags.suspects))
  terminal.printJson(checkJson(findings, examples))
}

/** The rows of a task that it would be trained on. */
async function trainableRows(
  { store, signal, terminal }: CommandContext,
  task: TaskId,
): Promise<readonly Example[]> {
  const work = { signal, progress: terminal.progress }
  const rows = await gatherRows(await store(), { task, mergeLabels: true, ...work })
  return rows.examples.filter(({ output }) => output.kind === rows.task.space.kind)
}

function checkText(findings: DataFindings, examples: readonly Example[], most: number): string {
  const suspects = suspectsOf(findings)
    .slice(0, most)
    .map(({ row, given, likely }) => `  ${given} → ${pc.bold(likely)}  ${pc.dim(shortText(examples[row]!))}`)
  const lines = findingsLines(summaryOf(findings, examples))
  return [
    ...lines,
    ...(suspects.length === 0 ? [] : ['', 'Most suspect labels, and what looks right:', ...suspects]),
    ...(suspects.length === 0 ? [] : ['', 'Mend them while importing: shoal import FILE --task TASK --fix']),
  ].join('\n')
}

function checkJson(findings: DataFindings, examples: readonly Example[]): Json {
  const suspects = suspectsOf(findings).map(({ row, ...rest }) => ({ id: examples[row]!.id, row, ...rest }))
  return JSON.parse(JSON.stringify({ ...summaryOf(findings, examples), suspects }))
}

function shortText({ input }: Example): string {
  const text = readableInput(input).replace(/\s+/g, ' ')
  return text.length <= shownUnits ? text : `${text.slice(0, shownUnits - 1)}…`
}

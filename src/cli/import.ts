/** `shoal import`: labelled files and logged calls into the store. */
import { Command, Option } from 'commander'
import { appError } from '../base/errors.ts'
import { type TaskId, taskId } from '../base/ids.ts'
import type { ExampleSource } from '../data/example.ts'
import type { FormatName, SaidLayout } from '../data/reader.ts'
import { formatNames } from '../data/readers.ts'
import { meterCall } from '../meter/ledger-row.ts'
import { priceTable } from '../meter/prices.ts'
import { type ImportOptions, importFiles, reviewFiles } from '../pipeline/import.ts'
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import { type CommandContext, withContext } from './context.ts'
import { importJson, importText } from './import-report.ts'

interface Flags {
  readonly task: string
  readonly format: FormatName | 'auto'
  readonly input?: string
  readonly output?: string
  readonly group?: string
  readonly delimiter?: string
  readonly header?: boolean
  readonly source?: ExampleSource
  readonly dryRun?: boolean
  readonly json?: boolean
}

const sources: readonly ExampleSource[] = ['gold', 'human', 'teacher', 'synthetic']

const examples = `
Examples:
  shoal import tickets.csv --task support-intent
  shoal import tickets.csv --task support-intent --input body --output category --dry-run
  shoal import calls.jsonl --task support-intent --format openai-log`

/** Brings files into the store. */
export function importCommand(): Command {
  return new Command('import')
    .summary('labelled files or logged calls into the store')
    .description(
      'Reads labelled files or logs of chat calls, reports what they hold, and brings them into the store: all or nothing.',
    )
    .argument('<file...>', 'CSV, TSV or JSONL files, or logs of chat calls (JSONL)')
    .requiredOption('--task <task>', 'the task that they belong to')
    .addOption(
      new Option('--format <format>', 'format of the files')
        .choices(['auto', ...formatNames])
        .default('auto'),
    )
    .option('--input <column>', 'column that holds the input (a name, or a number where there is no header)')
    .option('--output <column>', 'column that holds the right output')
    .option('--group <column>', 'column whose rows must stay together when the rows are split')
    .option('--delimiter <character>', 'what separates columns: one character, or "tab"')
    .option('--header', 'the first row names the columns')
    .option('--no-header', 'the first row is a row like the others')
    .addOption(
      new Option('--source <source>', 'where the outputs come from (gold; teacher for logs)').choices(
        sources,
      ),
    )
    .option('--dry-run', 'report what the files hold and import nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples)
    .action((files: string[], flags: Flags) =>
      withContext(flags, (context) => runImport(context, files, flags)),
    )
}

async function runImport(context: CommandContext, files: readonly string[], flags: Flags): Promise<void> {
  const { terminal } = context
  const task = taskId(flags.task)
  const layout = layoutOf(flags)
  const masks = await masksOf(context, task, flags)
  const prices = priceTable()
  const options: ImportOptions = {
    task,
    layout,
    columns: {
      ...(flags.input !== undefined && { input: flags.input }),
      ...(flags.output !== undefined && { output: flags.output }),
      ...(flags.group !== undefined && { group: flags.group }),
    },
    ...masks,
    ledgerRow: (call) => meterCall(call, { prices }),
    ...(flags.source !== undefined && { source: flags.source }),
    signal: context.signal,
    progress: terminal.progress,
  }
  const outcome = flags.dryRun
    ? await reviewFiles(files, options)
    : await importFiles(await context.store(), files, options)
  terminal.endProgress()
  terminal.print(importText(outcome))
  terminal.printJson(importJson(outcome))
}

/** Masking is on unless the task is exempt; a dry run does not ask the store and masks. */
async function masksOf(
  context: CommandContext,
  task: TaskId,
  flags: Flags,
): Promise<Pick<ImportOptions, 'mask' | 'maskBody'>> {
  const known = flags.dryRun ? undefined : await (await context.store()).tasks.get(task)
  if (known?.masked ?? true) return { mask: maskedText, maskBody: maskJsonText }
  return { mask: (text) => text, maskBody: (body) => body }
}

function layoutOf(flags: Flags): SaidLayout {
  const delimiter = flags.delimiter === 'tab' || flags.delimiter === '\\t' ? '\t' : flags.delimiter
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n\ufeff]/.test(delimiter)))
    throw appError('usage.invalid', {
      problem: `--delimiter ${JSON.stringify(flags.delimiter)} is not one character that can separate columns`,
      hint: 'Give one such as "," or ";", or the word tab.',
    })
  return {
    ...(flags.format !== 'auto' && { format: flags.format }),
    ...(delimiter !== undefined && { delimiter }),
    ...(flags.header !== undefined && { header: flags.header }),
  }
}

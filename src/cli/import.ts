/** `shoal import`: labelled files and logged calls into the store. */
import { Command, Option } from 'commander'
import { appError } from '../base/errors.ts'
import { type TaskId, taskId } from '../base/ids.ts'
import type { ExampleSource } from '../data/example.ts'
import type { FormatName, SaidLayout } from '../data/reader.ts'
import { formatNames } from '../data/readers.ts'
import { type ImportOptions, importFiles, reviewFiles } from '../pipeline/import.ts'
import type { Store } from '../trace/store.ts'
import { importJson, importText } from './import-report.ts'
import type { Terminal } from './terminal.ts'

/** What the command needs of the outside. */
export interface ImportContext {
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Personal data out of a text; the same text where the task is exempt. */
  readonly mask: ImportOptions['mask']
  readonly ledgerRow: ImportOptions['ledgerRow']
  /** Opens the store; not asked for in a dry run. */
  openStore(): Promise<Store>
  close(): Promise<void>
}

export type OpenImportContext = (options: {
  readonly json: boolean
  readonly task: TaskId
}) => Promise<ImportContext>

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

/** The command; `open` gives it store, masking and terminal when it runs. */
export function importCommand(open: OpenImportContext): Command {
  return new Command('import')
    .description('labelled files or logged calls into the store')
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
    .action((files: string[], flags: Flags) => runImport(files, flags, open))
}

async function runImport(files: readonly string[], flags: Flags, open: OpenImportContext): Promise<void> {
  const task = taskId(flags.task)
  const layout = layoutOf(flags)
  const context = await open({ json: flags.json === true, task })
  try {
    const options: ImportOptions = {
      task,
      layout,
      columns: {
        ...(flags.input !== undefined && { input: flags.input }),
        ...(flags.output !== undefined && { output: flags.output }),
        ...(flags.group !== undefined && { group: flags.group }),
      },
      mask: context.mask,
      ledgerRow: context.ledgerRow,
      ...(flags.source !== undefined && { source: flags.source }),
      signal: context.signal,
      progress: context.terminal.progress,
    }
    const outcome = flags.dryRun
      ? await reviewFiles(files, options)
      : await importFiles(await context.openStore(), files, options)
    context.terminal.endProgress()
    context.terminal.print(importText(outcome))
    context.terminal.printJson(importJson(outcome))
  } finally {
    await context.close()
  }
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

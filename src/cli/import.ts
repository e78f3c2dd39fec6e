/** `shoal import`: labelled files and logged calls into the store. */
import { Command, Option } from 'commander'
import { type TaskId, taskId } from '../base/ids.ts'
import type { ExampleSource } from '../data/example.ts'
import { meterCall } from '../meter/ledger-row.ts'
import { priceTable } from '../meter/prices.ts'
import { readPriceSettings } from '../pipeline/configuration-file.ts'
import { fixNames } from '../pipeline/fix-rows.ts'
import { type ImportOptions, importFiles, reviewFiles } from '../pipeline/import.ts'
import { importFixed } from '../pipeline/import-fixed.ts'
import { maskJsonText } from '../text/mask-json.ts'
import { maskedText } from '../text/masking.ts'
import { type CommandContext, withContext } from './context.ts'
import { decideByAsking, decideByName, fixList } from './fix-decision.ts'
import { type ColumnFlags, saidColumns } from './flags.ts'
import { fixedJson, fixedText, importJson, importText } from './import-report.ts'
import { addLayoutFlags, type LayoutFlags, saidLayout } from './layout-flags.ts'

interface Flags extends LayoutFlags, ColumnFlags {
  readonly task: string
  readonly source?: ExampleSource
  readonly dryRun?: boolean
  /** True: ask; a text: what is to be done. */
  readonly fix?: true | string
  readonly json?: boolean
}

const sources: readonly ExampleSource[] = ['gold', 'human', 'teacher', 'synthetic']

const examples = `
Examples:
  shoal import tickets.csv --task support-intent
  shoal import tickets.csv --task support-intent --input body --output category --dry-run
  shoal import calls.jsonl --task support-intent --format openai-log
  shoal import entities.conll --task entities --scheme bio
  shoal import export.json --task support-intent --format langfuse`

/** Brings files into the store. */
export function importCommand(): Command {
  const command = new Command('import')
    .summary('labelled files or logged calls into the store')
    .description(
      'Reads labelled files or logs of calls, reports what they hold, and brings them into the store: all or nothing.',
    )
    .argument(
      '<file...>',
      'labelled rows (CSV, TSV, JSONL, JSON, Parquet), tagged tokens (CoNLL), texts with spans (JSON of annotation tools), questions (SQuAD), or logs of calls (OpenAI, Anthropic, LiteLLM, Langfuse)',
    )
    .requiredOption('--task <task>', 'the task that they belong to')
    .option(
      '--input <column>',
      'column that holds the input (a name, a dotted path, or a number where there is no header)',
    )
    .option('--output <column>', 'column that holds the right output')
    .option('--group <column>', 'column whose rows must stay together when the rows are split')
  return addLayoutFlags(command)
    .addOption(
      new Option('--source <source>', 'where the outputs come from (gold; teacher for logs)').choices(
        sources,
      ),
    )
    .option(
      '--fix [what]',
      `look for duplicates and label errors first and mend them: asks, or does what is named, of ${fixNames.join(', ')}`,
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
  const masks = await masksOf(context, task, flags)
  const { prices: override, energy } = await readPriceSettings(undefined)
  const prices = priceTable({ file: 'shoal.yaml, prices', ...(override && { override }) })
  const options: ImportOptions = {
    task,
    layout: saidLayout(flags),
    columns: saidColumns(flags),
    ...masks,
    ledgerRow: (call) => meterCall(call, { prices, ...energy }),
    ...(flags.source !== undefined && { source: flags.source }),
    signal: context.signal,
    progress: terminal.progress,
  }
  if (flags.fix !== undefined) return runFixed(context, files, { flags, options })
  const outcome = flags.dryRun
    ? await reviewFiles(files, options)
    : await importFiles(await context.store(), files, options)
  terminal.endProgress()
  terminal.print(importText(outcome))
  terminal.printJson(importJson(outcome))
}

async function runFixed(
  context: CommandContext,
  files: readonly string[],
  { flags, options }: { readonly flags: Flags; readonly options: ImportOptions },
): Promise<void> {
  const { terminal } = context
  const decide = flags.fix === true ? decideByAsking : decideByName(fixList(flags.fix ?? ''))
  const asked: typeof decide = (rows, findings) => {
    terminal.endProgress()
    return decide(rows, findings)
  }
  const store = flags.dryRun ? undefined : await context.store()
  const outcome = await importFixed(store, files, { ...options, seed: 0, decide: asked })
  terminal.endProgress()
  terminal.print(importText(outcome))
  terminal.print(fixedText(outcome))
  terminal.printJson(fixedJson(outcome))
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

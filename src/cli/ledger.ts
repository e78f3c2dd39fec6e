/** `shoal ledger`: what was spent, what was saved, and what the figures rest on. */
import { Command, InvalidArgumentError } from 'commander'
import { taskId } from '../base/ids.ts'
import { priceTable } from '../meter/prices.ts'
import { readPriceSettings } from '../pipeline/configuration-file.ts'
import { type LedgerQuery, ledgerReport } from '../pipeline/ledger-report.ts'
import type { LedgerGrouping } from '../trace/store.ts'
import { withContext } from './context.ts'
import { momentFlag } from './flags.ts'
import { ledgerCsv, ledgerJson } from './ledger-data.ts'
import { ledgerText } from './ledger-text.ts'

interface LedgerOptions {
  readonly by?: LedgerGrouping
  readonly task?: string
  readonly since?: number
  readonly until?: number
  readonly config?: string
  readonly json?: boolean
  readonly csv?: boolean
}

const groupings: readonly LedgerGrouping[] = ['task', 'day', 'tier', 'model', 'key', 'hour']

/** The command. */
export function ledgerCommand(): Command {
  return new Command('ledger')
    .summary('spent and saved')
    .description(
      'Adds up the ledger: what calls cost and would have cost, what local answers and their training took, and what that saved; in money, tokens, CPU time and energy, each marked where it is estimated.',
    )
    .option('--by <what>', `a line for each: ${groupings.join(', ')}`, groupingFlag)
    .option('--task <task>', 'only this task')
    .option(
      '--since <time>',
      'from then on: 2026-11-01, 2026-11-01T12:00:00Z, or 7d, 24h ago',
      momentFlag('start'),
    )
    .option('--until <time>', 'up to then, a day included', momentFlag('end'))
    .option(
      '-c, --config <file>',
      'settings with your prices (default: shoal.yaml in this folder, where there is one)',
    )
    .option('--json', 'print one JSON document')
    .option('--csv', 'print CSV, a line for each group')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal ledger --by task --since 7d\n  shoal ledger --by day --task support-intent --csv > days.csv',
    )
    .action((options: LedgerOptions) =>
      withContext(options, async ({ store, terminal }) => {
        const { prices, costs, energy } = await readPriceSettings(options.config)
        const table = priceTable({ file: 'shoal.yaml, prices', ...(prices && { override: prices }) })
        const report = await ledgerReport(await store(), queryOf(options), { costs, ...energy })
        const shown = { prices: table, ...costs, ...energy, ...(options.by && { by: options.by }) }
        if (options.csv && !options.json) {
          terminal.print(ledgerCsv(report, options.by))
          return
        }
        terminal.print(ledgerText(report, shown))
        terminal.printJson(ledgerJson(report, shown))
      }),
    )
}

function queryOf({ by, task, since, until }: LedgerOptions): LedgerQuery {
  return {
    ...(by && { by }),
    ...(task !== undefined && { task: taskId(task) }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
  }
}

function groupingFlag(text: string): LedgerGrouping {
  const known = groupings.find((grouping) => grouping === text)
  if (known) return known
  throw new InvalidArgumentError(`Give one of ${groupings.join(', ')}.`)
}

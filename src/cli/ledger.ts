/** `shoal ledger`: what was spent and what was not. */
import { Command } from 'commander'
import { taskId } from '../base/ids.ts'
import { withContext } from './context.ts'
import { formatTable } from './terminal.ts'

/** Prints the totals of the ledger, of all tasks or one. */
export function ledgerCommand(): Command {
  return new Command('ledger')
    .summary('spent and not spent')
    .description(
      'Adds up the ledger: calls, tokens, money spent, money not spent because a specialist answered, CPU time.',
    )
    .option('--task <task>', 'only this task')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal ledger --task support-intent --json')
    .action((options: { task?: string; json?: boolean }) =>
      withContext(options, async ({ store, terminal }) => {
        const { ledger } = await store()
        const totals = await ledger.totals(options.task === undefined ? {} : { task: taskId(options.task) })
        terminal.print(
          formatTable(
            [
              ['calls', `${totals.calls}`],
              ['answered locally', `${totals.local}`],
              ['tokens in, out', `${totals.promptTokens}, ${totals.completionTokens}`],
              ['spent', `$${totals.costUsd.toFixed(4)}`],
              [
                'not spent',
                `$${totals.avoidedUsd.toFixed(4)}  (the upstream's price for the calls answered locally)`,
              ],
              ...(totals.unpriced > 0
                ? [
                    [
                      'without a price',
                      `${totals.unpriced} calls; write their models' prices under prices in shoal.yaml`,
                    ],
                  ]
                : []),
              ['CPU of specialists', `${(totals.cpuMs / 1000).toFixed(2)} s`],
            ],
            {},
          ),
        )
        terminal.printJson({ ...totals })
      }),
    )
}

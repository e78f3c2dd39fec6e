/** `shoal keep`: how large the store is, what is kept, and the removal of what is not, at once. */
import { Command } from 'commander'
import { keepRules } from '../pipeline/configuration/keep.ts'
import { readConfigurationFile } from '../pipeline/configuration-file.ts'
import { applyKeepRules, type KeepRules } from '../trace/keep-rules.ts'
import { withContext } from './context.ts'

interface KeepOptions {
  readonly now?: boolean
  readonly config?: string
  readonly json?: boolean
}

/** Applies the section `keep` of `shoal.yaml`, which a running gateway does by itself. */
export function keepCommand(): Command {
  return new Command('keep')
    .summary('how long calls are kept, and the removal of older ones')
    .description(
      'Shows the size of the store and the rules of the section keep in shoal.yaml. A running gateway removes what they do not keep within ten minutes; --now does it at once, in small steps beside a running gateway.',
    )
    .option('--now', 'remove now what is not kept')
    .option('-c, --config <file>', 'settings (default: shoal.yaml in this folder, where there is one)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal keep --now')
    .action((options: KeepOptions) =>
      withContext(options, async ({ store: open, terminal }) => {
        const rules = keepRules((await readConfigurationFile(options.config)).keep)
        const store = await open()
        const removed = options.now ? await applyKeepRules(store, rules, Date.now()) : undefined
        const sizeBytes = await store.upkeep.sizeBytes()
        const calls = await store.calls.count()
        terminal.print(
          [
            ...(removed
              ? [`Removed for good: ${removed.calls} calls, ${removed.corrections} corrections.`]
              : []),
            `Kept: ${calls} calls; the store has ${(sizeBytes / 2 ** 20).toFixed(1)} MiB.`,
            `Rules: ${describeRules(rules)}.`,
          ].join('\n'),
        )
        terminal.printJson({
          calls,
          sizeBytes,
          ageMs: rules.ageMs ?? null,
          mostBytes: rules.sizeBytes ?? null,
          removed: removed ? { ...removed } : null,
        })
      }),
    )
}

function describeRules({ ageMs, sizeBytes }: KeepRules): string {
  const said = [
    ...(ageMs === undefined ? [] : [`calls are kept for ${describeTime(ageMs)}`]),
    ...(sizeBytes === undefined ? [] : [`the store may have ${(sizeBytes / 2 ** 20).toFixed(1)} MiB`]),
  ]
  return said.length === 0 ? 'all calls are kept' : said.join(', ')
}

function describeTime(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const
  const [name, size] = units.find(([, unit]) => ms >= unit) ?? (['seconds', 1000] as const)
  return `${Number((ms / size).toFixed(1))} ${name}`
}

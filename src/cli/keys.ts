/** `shoal keys`: keys of clients and administrators, made, listed and revoked; running gateways follow within a second. */
import { Command, Option } from 'commander'
import pc from 'picocolors'
import { systemClock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import { taskId } from '../base/ids.ts'
import { type KeyRequest, makeKey, revokeKey } from '../pipeline/keys.ts'
import type { KeyRecord } from '../trace/store.ts'
import { withContext } from './context.ts'
import { formatTable } from './terminal.ts'

interface CreateFlags {
  readonly scope: KeyRecord['scope']
  readonly task?: readonly string[]
  readonly callsPerMinute?: number
  readonly usdPerMonth?: number
  readonly json?: boolean
}

/** The command with its three subcommands. */
export function keysCommand(): Command {
  return new Command('keys')
    .summary('keys of clients and administrators')
    .description(
      'Makes, lists and revokes keys. Once there is one of a sort, every request of that sort must show one; a gateway beyond loopback does not start without.',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      '\nExample:\n  shoal keys create billing-service --task support-intent --usd-per-month 50',
    )
}

function createCommand(): Command {
  return new Command('create')
    .summary('make a key; it is shown once')
    .argument('<name>', 'whose key it is')
    .addOption(new Option('--scope <scope>', 'what it opens').choices(['calls', 'admin']).default('calls'))
    .option('--task <task...>', 'tasks that its calls may be of (default: all, and calls of no task)')
    .option('--calls-per-minute <number>', 'calls in any sixty seconds', positiveFlag)
    .option('--usd-per-month <dollars>', 'US dollars that may be spent upstream in a month', positiveFlag)
    .option('--json', 'print one JSON document')
    .action((name: string, flags: CreateFlags) =>
      withContext(flags, async ({ store, terminal }) => {
        const made = await makeKey(await store(), requestOf(name, flags), systemClock)
        terminal.print(
          `${made.secret}\n${pc.dim(`Key ${made.record.id} (${name}). It is shown this once; Shoal keeps only its digest.`)}`,
        )
        const { digest: _, ...record } = made.record
        terminal.printJson(JSON.parse(JSON.stringify({ ...record, secret: made.secret })))
      }),
    )
}

function requestOf(name: string, { scope, task, callsPerMinute, usdPerMonth }: CreateFlags): KeyRequest {
  return {
    name,
    scope,
    ...(task && { tasks: task.map((one) => taskId(one)) }),
    ...(callsPerMinute !== undefined && { callsPerMinute }),
    ...(usdPerMonth !== undefined && { usdPerMonth }),
  }
}

function listCommand(): Command {
  return new Command('list')
    .summary('all keys, without their secrets')
    .option('--json', 'print one JSON document')
    .action((flags: { json?: boolean }) =>
      withContext(flags, async ({ store, terminal }) => {
        const keys = await (await store()).keys.list()
        const head = ['id', 'name', 'for', 'tasks', 'calls a minute', '$ a month', 'made', 'revoked']
        terminal.print(
          keys.length === 0
            ? 'No keys. Everyone on this machine may call the gateway.'
            : formatTable([head, ...keys.map(listed)], { right: [4, 5] }),
        )
        terminal.printJson(JSON.parse(JSON.stringify(keys.map(({ digest: _, ...key }) => key))))
      }),
    )
}

function listed(key: KeyRecord): readonly string[] {
  const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)
  return [
    key.id,
    key.name,
    key.scope,
    key.tasks?.join(', ') ?? 'all',
    `${key.callsPerMinute ?? '—'}`,
    key.usdPerMonth?.toFixed(2) ?? '—',
    day(key.createdMs),
    key.revokedMs === undefined ? '' : day(key.revokedMs),
  ]
}

function revokeCommand(): Command {
  return new Command('revoke')
    .summary('refuse a key from now on')
    .argument('<id>', 'its id, as `shoal keys list` shows it')
    .option('--json', 'print one JSON document')
    .action((id: string, flags: { json?: boolean }) =>
      withContext(flags, async ({ store, terminal }) => {
        const { name, revokedMs } = await revokeKey(await store(), id, systemClock)
        terminal.print(
          `Key ${id} (${name}) is revoked. Gateways refuse it within a second and cut off its calls.`,
        )
        terminal.printJson({ id, name, revokedMs: revokedMs ?? null })
      }),
    )
}

function positiveFlag(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value
  throw appError('usage.invalid', {
    problem: `"${text}" is not a number above 0`,
    hint: 'Give one such as 60.',
  })
}

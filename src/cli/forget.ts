/** `shoal forget`: removes the calls of a task or an end user, or one call, for good. */
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { appError } from '../base/errors.ts'
import { type CallId, taskId } from '../base/ids.ts'
import { countConcerned, type Forgotten, forget } from '../pipeline/forget.ts'
import { endUserDigest } from '../trace/end-user.ts'
import type { Removal } from '../trace/store.ts'
import { withContext } from './context.ts'

interface ForgetOptions {
  readonly task?: string
  readonly user?: string
  readonly call?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** Removes calls, and with a task alone its examples too; asks first on a terminal. */
export function forgetCommand(): Command {
  return new Command('forget')
    .summary('remove calls for good: of a task, of an end user, or one')
    .description(
      'Removes calls with their audits and corrections for good: their bytes are overwritten in the file and its log. With --task alone the examples of the task go too. Several conditions must all hold. Figures of the ledger, which hold no text, stay. Backups and specialists that were trained on the calls are not touched; the latter are named.',
    )
    .option('--task <task>', 'calls of a task')
    .option(
      '--user <id>',
      'calls whose request named this end user (safety_identifier, user or metadata.user_id)',
    )
    .option('--call <id>', 'one call')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal forget --user customer-4711')
    .action((options: ForgetOptions) =>
      withContext(options, async ({ store: open, registry, terminal, signal }) => {
        const which = removalOf(options)
        const store = await open()
        const calls = await countConcerned(store, which)
        if (!options.yes) await confirm(`${describeRemoval(options)} (${calls} calls)`, signal)
        const forgotten = await forget({ store, registry }, which)
        terminal.print(describe(forgotten))
        terminal.printJson({ ...forgotten, specialists: [...forgotten.specialists] })
      }),
    )
}

function removalOf({ task, user, call }: ForgetOptions): Removal {
  if (task === undefined && user === undefined && call === undefined)
    throw appError('usage.invalid', {
      problem: 'it is not said what to forget',
      hint: 'Say --task TASK, --user ID or --call ID.',
    })
  return {
    ...(task !== undefined && { task: taskId(task) }),
    ...(user !== undefined && { endUser: endUserDigest(user) }),
    ...(call !== undefined && { call: call as CallId }),
  }
}

function describeRemoval({ task, user, call }: ForgetOptions): string {
  const what = [
    ...(call === undefined ? [] : [`the call ${call}`]),
    ...(user === undefined ? [] : [`all of the end user ${user}`]),
    ...(task === undefined ? [] : [`all of the task ${task}`]),
  ]
  return what.join(', of that ')
}

async function confirm(what: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw appError('usage.invalid', {
      problem: `${what} would be removed for good, and nobody can be asked here`,
      hint: 'Say --yes.',
    })
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`Remove ${what} for good? Type yes: `, { signal })
    if (answer.trim().toLowerCase() !== 'yes')
      throw appError('usage.invalid', { problem: 'the answer was not yes', hint: 'Nothing was removed.' })
  } finally {
    lines.close()
  }
}

function describe({ calls, examples, corrections, specialists }: Forgotten): string {
  const lines = [`Removed for good: ${calls} calls, ${examples} examples, ${corrections} corrections.`]
  if (specialists.length > 0)
    lines.push(
      `Trained on some of it, and may hold what it said: ${specialists.join(', ')}. Train the task again and promote the new version.`,
    )
  return lines.join('\n')
}

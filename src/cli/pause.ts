/** `shoal pause` and `shoal resume`: whether specialists of a task may answer. */
import { Command } from 'commander'
import { appError } from '../base/errors.ts'
import { taskId } from '../base/ids.ts'
import { nearestName } from '../data/columns.ts'
import type { Store } from '../trace/store.ts'
import { withContext } from './context.ts'

/** Sends all calls of a task upstream until it is resumed. */
export function pauseCommand(): Command {
  return command('pause', {
    paused: true,
    summary: 'send all calls of a task upstream',
    description:
      'Sends all calls of a task upstream until `shoal resume`; they are still kept. Running gateways follow within a second.',
  })
}

/** Lets the specialists of a task answer again. */
export function resumeCommand(): Command {
  return command('resume', {
    paused: false,
    summary: 'let the specialist of a paused task answer again',
    description:
      'Lets the specialist of a paused task answer again. Running gateways follow within a second.',
  })
}

function command(
  name: string,
  {
    paused,
    summary,
    description,
  }: { readonly paused: boolean; readonly summary: string; readonly description: string },
): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument('<task>', 'the task')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  shoal ${name} support-intent`)
    .action((name: string, options: { json?: boolean }) =>
      withContext(options, async ({ store, terminal }) => {
        await setPaused(await store(), name, paused)
        terminal.print(paused ? `${name} is paused: its calls go upstream.` : `${name} is resumed.`)
        terminal.printJson({ task: name, paused })
      }),
    )
}

async function setPaused(store: Store, name: string, paused: boolean): Promise<void> {
  const task = await store.tasks.get(taskId(name))
  if (task) return store.tasks.put({ ...task, paused })
  const names = (await store.tasks.list()).map(({ id }) => id)
  const nearest = nearestName(name, names)
  const hint =
    nearest !== undefined
      ? `Did you mean "${nearest}"?`
      : names.length === 0
        ? 'None was trained yet.'
        : `There are: ${names.slice(0, 20).join(', ')}.`
  throw appError('task.unknown', { task: name, hint })
}

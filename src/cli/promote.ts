/** `shoal promote` and `shoal rollback`: which version of a task's specialist serves. */
import { Command } from 'commander'
import { appError } from '../base/errors.ts'
import { specialistId, taskId } from '../base/ids.ts'
import { withContext } from './context.ts'

/** Moves a task's pointer to its newest version or the one named. */
export function promoteCommand(): Command {
  return new Command('promote')
    .summary('let a version of a specialist serve')
    .description(
      'Lets a version of a specialist serve (the newest if none is named). Running gateways follow within a second.',
    )
    .argument('<task>', 'the task')
    .argument('[version]', 'its version, a number', versionNumber)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal promote support-intent 3')
    .action((task: string, version: number | undefined, options: { json?: boolean }) =>
      withContext(options, async ({ registry, terminal }) => {
        const id = taskId(task)
        const chosen = version ?? (await registry.versions(id)).at(-1)
        if (chosen === undefined) throw appError('registry.no-versions', { task })
        const specialist = specialistId(id, chosen)
        await registry.promote(specialist)
        terminal.print(`${specialist} serves.`)
        terminal.printJson({ task, serves: specialist })
      }),
    )
}

/** Moves a task's pointer back to the version that served before, or to the one named. */
export function rollbackCommand(): Command {
  return new Command('rollback')
    .summary('let the version before serve again')
    .description(
      'Lets the version that served before serve again, or the one named; with none before, the task goes upstream.',
    )
    .argument('<task>', 'the task')
    .argument('[version]', 'its version, a number', versionNumber)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal rollback support-intent')
    .action((task: string, version: number | undefined, options: { json?: boolean }) =>
      withContext(options, async ({ registry, terminal }) => {
        const id = taskId(task)
        const serves = await registry.rollback(
          id,
          version === undefined ? undefined : specialistId(id, version),
        )
        terminal.print(
          serves ? `${serves} serves.` : `No specialist of ${task} serves; its calls go upstream.`,
        )
        terminal.printJson({ task, serves: serves ?? null })
      }),
    )
}

/** A version as it is typed: a whole number from 1. */
function versionNumber(text: string): number {
  if (/^[1-9][0-9]*$/.test(text)) return Number(text)
  throw appError('usage.invalid', {
    problem: `"${text}" is not a version`,
    hint: 'Give a whole number, such as 3.',
  })
}

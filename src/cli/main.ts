#!/usr/bin/env node
/** The command line: one file a command, loaded when it is asked for; this one turns errors into exit codes. */
import { Command, CommanderError } from 'commander'
import pc from 'picocolors'
import { AppError } from '../base/errors.ts'
import { packageVersion } from './version.ts'

/** The commands in the order in which the help lists them; each brings only what it needs, so that none pays for another. */
const commands: { readonly [name: string]: () => Promise<Command> } = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  import: async () => (await import('./import.ts')).importCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  eval: async () => (await import('./eval.ts')).evalCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  predict: async () => (await import('./predict.ts')).predictCommand(),
  promote: async () => (await import('./promote.ts')).promoteCommand(),
  rollback: async () => (await import('./promote.ts')).rollbackCommand(),
  audits: async () => (await import('./audits.ts')).auditsCommand(),
  correct: async () => (await import('./correct.ts')).correctCommand(),
  pause: async () => (await import('./pause.ts')).pauseCommand(),
  resume: async () => (await import('./pause.ts')).resumeCommand(),
  keep: async () => (await import('./keep.ts')).keepCommand(),
  forget: async () => (await import('./forget.ts')).forgetCommand(),
  setup: async () => (await import('./setup.ts')).setupCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  ledger: async () => (await import('./ledger.ts')).ledgerCommand(),
}

/** The command line with the one command that was named, or with all of them for the help and for suggestions. */
async function buildProgram(named: string | undefined): Promise<Command> {
  const program = new Command('shoal')
    .description('Turns the calls you pay a large language model for into small models that you own.')
    .version(packageVersion())
    .showHelpAfterError('(`shoal --help` lists the commands, `shoal COMMAND --help` its flags)')
    .exitOverride()
  const isKnown = named !== undefined && Object.hasOwn(commands, named)
  for (const name of isKnown ? [named] : Object.keys(commands)) {
    const command = await commands[name]!()
    program.addCommand(
      command.exitOverride().showHelpAfterError(`(\`shoal ${name} --help\` shows every flag)`),
    )
  }
  return program
}

/** Runs a command line; returns the exit code. */
async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args[0])
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof AppError)) throw error
    if (args.includes('--json'))
      process.stdout.write(
        `${JSON.stringify({ error: { code: error.code, message: error.message } }, null, 2)}\n`,
      )
    process.stderr.write(`${pc.red('error')} ${error.message} ${pc.dim(`[${error.code}]`)}\n`)
    return error.exitCode
  }
}

process.exitCode = await runCommandLine(process.argv.slice(2))

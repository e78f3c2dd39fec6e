#!/usr/bin/env node
/** The command line: one file a command; this one only puts them together and turns errors into exit codes. */
import { Command, CommanderError } from 'commander'
import pc from 'picocolors'
import { AppError } from '../base/errors.ts'
import { demoCommand } from './demo.ts'
import { evalCommand } from './eval.ts'
import { importCommand } from './import.ts'
import { ledgerCommand } from './ledger.ts'
import { predictCommand } from './predict.ts'
import { promoteCommand, rollbackCommand } from './promote.ts'
import { serveCommand } from './serve.ts'
import { trainCommand } from './train.ts'
import { packageVersion } from './version.ts'

/** The whole command line, not yet run. */
export function buildProgram(): Command {
  const program = new Command('shoal')
    .description('Turns the calls you pay a large language model for into small models that you own.')
    .version(packageVersion())
    .showHelpAfterError('(`shoal --help` lists the commands, `shoal COMMAND --help` its flags)')
    .exitOverride()
  const commands = [
    serveCommand(),
    demoCommand(),
    importCommand(),
    trainCommand(),
    evalCommand(),
    predictCommand(),
    promoteCommand(),
    rollbackCommand(),
    ledgerCommand(),
  ]
  for (const command of commands)
    program.addCommand(
      command.exitOverride().showHelpAfterError(`(\`shoal ${command.name()} --help\` shows every flag)`),
    )
  return program
}

/** Runs a command line; returns the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(args, { from: 'user' })
    return process.exitCode === undefined ? 0 : Number(process.exitCode)
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

/** Runs the client of a package ecosystem as the user has it set up, so that mirrors and credentials work. No shell reads its arguments. */
import { execFile } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { promisify } from 'node:util'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import { errorCodeOf } from '../../base/files.ts'
import type { SourceContext } from './file-tree.ts'

export interface ClientRun {
  /** Programs that do the same, in order of preference, each with what comes before the arguments. */
  readonly programs: readonly (readonly [program: string, ...before: string[]])[]
  readonly args: readonly string[]
  /** What it fetches, for errors. */
  readonly source: string
  /** Environment variables that it needs besides the user's. */
  readonly variables?: Readonly<Record<string, string>>
  /** Picks the lines of its output that say why it failed. */
  readonly problem: (output: string) => string
}

const longestOutput = 16 * 2 ** 20

/** Runs the first of the programs that is installed, in the work folder; throws `source.client-missing` or `source.client-failed`. */
export async function runClient(
  run: ClientRun,
  context: SourceContext,
): Promise<{ readonly stdout: string }> {
  for (const [program, ...before] of run.programs) {
    try {
      return await promisify(execFile)(program, [...before, ...run.args], {
        cwd: context.workFolder,
        env: { ...context.environment, ...run.variables },
        maxBuffer: longestOutput,
        ...(context.signal && { signal: context.signal }),
        // On Windows these clients are scripts; every argument is of characters that no shell reads anything into.
        // A path is a program's, and may hold blanks.
        shell: process.platform === 'win32' && !isAbsolute(program),
      })
    } catch (cause) {
      throwIfCancelled(context.signal, `fetching ${run.source}`)
      if (errorCodeOf(cause) !== 'ENOENT') throw clientFailed(run, program, cause)
    }
  }
  const program = run.programs.map(([name]) => name).join(' or ')
  throw appError('source.client-missing', { source: run.source, program })
}

function clientFailed(run: ClientRun, program: string, cause: unknown): Error {
  const problem =
    run.problem(outputOf(cause)) || (cause instanceof Error ? cause.message.split('\n')[0]! : '')
  const shown = withoutCredentials(problem).slice(0, 300)
  return appError('source.client-failed', { source: run.source, program, problem: shown })
}

function outputOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return ''
  const [out, err] = ['stdout' in cause ? cause.stdout : '', 'stderr' in cause ? cause.stderr : '']
  return `${String(out)}\n${String(err)}`
}

/** A text without the user names, passwords and queries of addresses in it. */
function withoutCredentials(text: string): string {
  return text.replace(/(https?:\/\/)[^\s/@]*@/g, '$1').replace(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, '$1')
}

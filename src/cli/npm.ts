/** Runs the npm client that the user has set up, so that mirrors and credentials work. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { npmProblemIn, npmScript } from '../registry/sources/npm-source.ts'

/** Runs npm with these arguments in a folder; {@link npmProblem} reads why it failed. */
export async function runNpm(
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly signal?: AbortSignal
    /** Environment variables besides the user's. */
    readonly variables?: Readonly<Record<string, string>>
  },
): Promise<{ readonly stdout: string }> {
  const script = npmScript(process.env)
  const command = script === undefined ? 'npm' : process.execPath
  const all = script === undefined ? [...args] : [script, ...args]
  return await promisify(execFile)(command, all, {
    cwd: options.cwd,
    env: { ...process.env, ...options.variables },
    ...(options.signal && { signal: options.signal }),
    maxBuffer: 16 * 1024 * 1024,
    shell: process.platform === 'win32' && script === undefined,
  })
}

/** Why npm failed, in its own words. */
export function npmProblem(cause: unknown): string {
  const said = typeof cause === 'object' && cause !== null && 'stderr' in cause ? String(cause.stderr) : ''
  return npmProblemIn(said) || (cause instanceof Error ? cause.message.trim() : String(cause))
}

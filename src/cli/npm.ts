/** Runs the npm client that the user has set up, so that mirrors and credentials work. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs npm with these arguments in a folder; rejects with npm's own words where it fails. */
export async function runNpm(
  args: readonly string[],
  options: { readonly cwd: string; readonly signal?: AbortSignal },
): Promise<{ readonly stdout: string }> {
  const own = process.env['npm_execpath']
  const isScript = own?.endsWith('.js') ?? false
  const command = isScript ? process.execPath : 'npm'
  const all = isScript ? [own!, ...args] : [...args]
  return await promisify(execFile)(command, all, {
    cwd: options.cwd,
    ...(options.signal && { signal: options.signal }),
    maxBuffer: 16 * 1024 * 1024,
    shell: process.platform === 'win32' && !isScript,
  })
}

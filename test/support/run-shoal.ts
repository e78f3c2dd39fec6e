/** The built command line as processes in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const builtMain = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Serving {
  readonly child: ChildProcess
  readonly url: string
  /** What it has said on stderr so far. */
  readonly said: () => string
  /** Tells it to stop and waits. */
  stop(): Promise<number | null>
}

export interface RunShoal {
  readonly home: string
  run(...args: readonly string[]): Promise<Ran>
  /** The same, with the process while it runs. */
  begin(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ran> }
  serve(...args: readonly string[]): Promise<Serving>
  /** Ends what still runs. */
  close(): void
}

/** Commands with their data in `home` below the folder; `main` is another build than this checkout's. */
export function runShoal(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  main = builtMain,
): RunShoal {
  const running = new Set<ChildProcess>()
  const home = join(folder, 'home')
  const start = (
    args: readonly string[],
  ): { child: ChildProcess; out: { stdout: string; stderr: string } } => {
    const env = { ...process.env, SHOAL_HOME: home, OPENAI_API_KEY: '', NO_COLOR: '1', ...environment }
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env })
    running.add(child)
    child.on('exit', () => running.delete(child))
    const out = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      out.stderr += text
    })
    return { child, out }
  }
  const begin = (...args: readonly string[]): ReturnType<RunShoal['begin']> => {
    const { child, out } = start(args)
    return { child, ended: once(child, 'close').then(([code]) => ({ code, ...out })) }
  }
  return {
    home,
    begin,
    run: (...args) => begin(...args).ended,
    serve: async (...args) => {
      const { child, out } = start(['serve', '--json', ...args])
      const closed = once(child, 'close')
      const url = await Promise.race([
        urlSaid(out),
        closed.then(() => Promise.reject(new Error(`the gateway ended: ${out.stderr}`))),
      ])
      const stop = async (): Promise<number | null> => {
        child.kill('SIGTERM')
        return (await closed)[0]
      }
      return { child, url, said: () => out.stderr, stop }
    },
    close: () => {
      for (const child of running) child.kill('SIGKILL')
    },
  }
}

async function urlSaid(out: { readonly stdout: string }): Promise<string> {
  for (;;) {
    if (out.stdout.trimEnd().endsWith('}')) return String(JSON.parse(out.stdout).url)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** `shoal serve` as a process: what it says, how it ends, and what becomes of the calls. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Call } from '../src/wire/call.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
/** By its place, since the commands run in other folders. */
const loader = import.meta.resolve('tsx')

let folder: string
let upstream: FakeUpstream
const running: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-serve-'))
  upstream = await fakeUpstream()
})
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

interface Shoal {
  readonly child: ChildProcess
  readonly out: { stdout: string; stderr: string }
  readonly code: Promise<number | null>
}

function shoal(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Shoal {
  const child = spawn(process.execPath, ['--import', loader, main, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      SHOAL_HOME: join(folder, 'home'),
      OPENAI_API_KEY: '',
      OPENAI_BASE_URL: upstream.url.href,
      NO_COLOR: '1',
      ...environment,
    },
  })
  running.push(child)
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  return { child, out, code: once(child, 'close').then(([code]) => code) }
}

async function addressOf({ out }: Shoal): Promise<string> {
  await expect.poll(() => out.stdout, { timeout: 20_000 }).toContain('Stop with Ctrl-C')
  return /http:\/\/127\.0\.0\.1:\d+/.exec(out.stdout)![0]
}

function ask(address: string): Promise<Response> {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'big-model',
      messages: [{ role: 'user', content: 'Mail me: ann@example.com' }],
    }),
  })
}

test('it says which upstream and whose key it uses, forwards, and on Ctrl-C ends with every call kept and masked', async () => {
  const serve = shoal(['serve', '--port', '0'], { OPENAI_API_KEY: 'sk-of-the-gateway' })
  const address = await addressOf(serve)
  expect(serve.out.stdout).toContain(`upstream   openai: ${upstream.url.href} (OPENAI_BASE_URL)`)
  expect(serve.out.stdout).toContain('key: OPENAI_API_KEY')
  expect(serve.out.stdout + serve.out.stderr).not.toContain('sk-of-the-gateway')
  const answer = await ask(address)
  expect(answer.status).toBe(200)
  expect(upstream.seen[0]!.headers.authorization).toBe('Bearer sk-of-the-gateway')
  upstream.delayMs = 400
  const pending = ask(address)
  await expect.poll(() => upstream.seen.length).toBe(2)
  serve.child.kill('SIGINT')
  expect((await pending).status).toBe(200)
  expect(await serve.code).toBe(0)
  const store = await openLibsqlStore({ path: join(folder, 'home', 'store.db') })
  const calls: Call[] = []
  for await (const call of store.calls.iterate()) calls.push(call)
  await store.close()
  expect(calls).toHaveLength(2)
  expect(calls[0]!.request).not.toContain('ann@example.com')
  expect(JSON.stringify(calls)).not.toContain('sk-of-the-gateway')
}, 60_000)

test('a port in use, an unknown flag and a port that is none end with 2 and say so', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? String(address.port) : ''
  const [inUse, flag, none] = [
    shoal(['serve', '--port', port]),
    shoal(['serve', '--prot', '1']),
    shoal(['serve', '--port', '70000']),
  ]
  expect(await Promise.all([inUse.code, flag.code, none.code])).toEqual([2, 2, 2])
  expect(inUse.out.stderr).toContain(`Port ${port} on 127.0.0.1 is in use`)
  expect(flag.out.stderr).toMatch(/unknown option '--prot'[\s\S]*--port/)
  expect(none.out.stderr).toContain('"70000" is not a port')
  taken.close()
}, 60_000)

test('beyond loopback it says that everyone is asked for a key, and asks', async () => {
  const made = shoal(['keys', 'create', 'app'])
  expect(await made.code).toBe(0)
  const serve = shoal(['serve', '--host', '0.0.0.0', '--port', '0'])
  await expect.poll(() => serve.out.stdout, { timeout: 20_000 }).toContain('Stop with Ctrl-C')
  expect(serve.out.stdout).toContain('keys       asked of everyone')
  expect(serve.out.stdout).not.toContain('no key is asked')
  const port = /:(\d+)\/v1/.exec(serve.out.stdout)![1]
  expect((await ask(`http://127.0.0.1:${port}`)).status).toBe(401)
}, 60_000)

test('mistakes in shoal.yaml and a home that is a file are named', async () => {
  await writeFile(join(folder, 'shoal.yaml'), 'server:\n  port: 0\ncalls:\n  durabilty: strict\n')
  await writeFile(join(folder, 'file'), '')
  const [setting, variable, home] = [
    shoal(['serve']),
    shoal(['serve', '--config', 'missing.yaml']),
    shoal(['serve', '--config', '/dev/null', '--port', '0'], { SHOAL_HOME: join(folder, 'file') }),
  ]
  expect(await Promise.all([setting.code, variable.code, home.code])).toEqual([2, 2, 2])
  expect(setting.out.stderr).toContain(
    'shoal.yaml, line 4, column 3: "calls.durabilty" is no setting. Did you mean "durability"?',
  )
  expect(variable.out.stderr).toContain('missing.yaml: there is no such file')
  expect(home.out.stderr).toContain(`data folder ${join(folder, 'file')} cannot be used`)
}, 60_000)

test('with --json it prints one document, and settings of the file hold', async () => {
  await writeFile(
    join(folder, 'shoal.yaml'),
    'server:\n  port: 0\nupstream:\n  url: none\nlocal:\n  answers: false\n',
  )
  const serve = shoal(['serve', '--json'])
  await expect.poll(() => serve.out.stdout, { timeout: 20_000 }).toMatch(/\}\s*$/)
  const document = JSON.parse(serve.out.stdout)
  expect(document).toMatchObject({ upstream: null })
  const answer = await ask(document.url)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ error: { code: 'upstream.none' } })
  serve.child.kill('SIGTERM')
  expect(await serve.code).toBe(0)
}, 60_000)

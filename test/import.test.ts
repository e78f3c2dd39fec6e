/** `shoal import` as a process: exit codes, what goes to which stream, Ctrl-C and kill -9. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskId } from '../src/base/ids.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-import-process-'))
})
afterEach(() => rm(folder, { recursive: true }))

const shoal = (
  args: readonly string[],
  watch?: (stderr: string, child: ChildProcess) => void,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      env: { ...process.env, SHOAL_HOME: join(folder, 'home'), NO_COLOR: '1' },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      watch?.(stderr, child)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
const put = async (rows: number): Promise<string> => {
  const file = join(folder, 'rows.csv')
  const lines = Array.from({ length: rows }, (_, at) => `a text of row ${at},label ${at % 5}\n`)
  await writeFile(file, `text,label\n${lines.join('')}`)
  return file
}
const visible = async (): Promise<number> => {
  const store = await openLibsqlStore({ path: join(folder, 'home', 'store.db') })
  const count = await store.examples.count(taskId('t'))
  await store.close()
  return count
}

describe('shoal import, as a process', () => {
  it('prints JSON on stdout alone and ends with 0', async () => {
    const ended = await shoal(['import', await put(300), '--task', 't', '--json'])
    expect(ended.code).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({ rows: 300, stored: { added: 300 } })
    expect(ended.stderr).toContain('reading')
    expect(await visible()).toBe(300)
  })

  it('ends with 2 and the place at a bad line, and nothing is imported', async () => {
    const file = await put(300)
    await writeFile(file, 'text,label\na,b\n"c,d\n')
    const ended = await shoal(['import', file, '--task', 't', '--json'])
    expect(ended.code).toBe(2)
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'data.quote' } })
    expect(ended.stderr).toContain(`${file}, line 3, column 1`)
    expect(await visible()).toBe(0)
  })

  it('stops cleanly at Ctrl-C, leaving nothing', async () => {
    let sent = false
    const ended = await shoal(['import', await put(300_000), '--task', 't'], (stderr, child) => {
      if (!sent && stderr.includes('reading')) sent = child.kill('SIGINT')
    })
    expect(ended.code).toBe(130)
    expect(ended.stderr).toContain('Nothing was changed')
    expect(await visible()).toBe(0)
  })

  it('leaves nothing visible when it is killed, and the next import is whole', async () => {
    const file = await put(300_000)
    let sent = false
    const ended = await shoal(['import', file, '--task', 't'], (stderr, child) => {
      if (!sent && stderr.includes('reading')) sent = child.kill('SIGKILL')
    })
    expect(ended.signal).toBe('SIGKILL')
    expect(await visible()).toBe(0)
    await put(500)
    expect((await shoal(['import', file, '--task', 't'])).code).toBe(0)
    expect(await visible()).toBe(500)
  })
})

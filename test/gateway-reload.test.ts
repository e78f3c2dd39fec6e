/** Settings that change while `shoal serve` runs: all or nothing, and calls under way end where they began. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

let folder: string
let shoal: RunShoal
let upstreams: readonly [FakeUpstream, FakeUpstream]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-reload-'))
  shoal = runShoal(folder)
  upstreams = [await fakeUpstream(), await fakeUpstream()]
})
afterEach(async () => {
  shoal.close()
  for (const upstream of upstreams) await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'big-model', messages: [{ role: 'user', content: 'Hello' }] }),
  })

const settings = (text: string): Promise<void> => writeFile(join(folder, 'shoal.yaml'), text)
async function problemsAt(url: string): Promise<readonly string[]> {
  const ready = (await (await fetch(`${url}/readyz`)).json()) as { readonly problems: readonly string[] }
  return ready.problems
}

test('a typo changes nothing and is told with line and nearest key; the mended file holds, and calls under way are not lost', async () => {
  const [first, second] = upstreams
  const text = (key: string, at: FakeUpstream): string =>
    `server:\n  port: 0\nupstream:\n  ${key}: ${at.url.href}\n`
  await settings(text('url', first))
  const { url, said, child, stop } = await shoal.serve()
  expect((await ask(url)).status).toBe(200)

  await settings(text('ulr', second))
  await expect
    .poll(() => problemsAt(url), { timeout: 5000 })
    .toEqual([
      expect.stringContaining(
        'shoal.yaml, line 4, column 3: "upstream.ulr" is no setting. Did you mean "url"?',
      ),
    ])
  expect((await ask(url)).status).toBe(200)
  expect(second.seen).toHaveLength(0)

  first.delayMs = 2500
  const pending = ask(url)
  await expect.poll(() => first.seen.length).toBe(3)
  await settings(text('url', second))
  await expect.poll(() => problemsAt(url), { timeout: 5000 }).toEqual([])
  expect((await ask(url)).status).toBe(200)
  expect(second.seen).toHaveLength(1)
  expect((await pending).status).toBe(200)
  expect(said()).toContain('Changed now: upstream.url.')

  await settings(`${text('url', second)}local:\n  answers: false\nlog: { level: info }\n`)
  child.kill('SIGHUP')
  await expect.poll(said, { timeout: 5000 }).toContain('Changed now: local.answers, log.level.')
  await settings(`server:\n  port: 4999\nupstream:\n  url: none\n`)
  await expect.poll(said, { timeout: 5000 }).toContain('Needs another start: server.port.')
  expect((await ask(url)).status).toBe(503)
  expect(await stop()).toBe(0)
}, 60_000)

/** The door of the gateway, tried with request lines that no usual client sends, and keys revoked at awkward moments. */
import { getEventListeners } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { createLog } from '../src/base/log.ts'
import { createAccess } from '../src/gateway/access/access.ts'
import { openKeyring } from '../src/gateway/access/keyring.ts'
import { meterCall } from '../src/meter/ledger-row.ts'
import { listPrices } from '../src/meter/prices.ts'
import { type KeyRequest, makeKey, revokeKey } from '../src/pipeline/keys.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { question, streamedQuestion } from './support/ask.ts'
import { fakeUpstream } from './support/fake-upstream.ts'
import { mailMessages, mailTask, startTestGateway, testSpecialist } from './support/test-gateway.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function guarded(...keys: readonly KeyRequest['scope'][]) {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-door-'))
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  closing.push(() => store.close())
  const made = []
  for (const scope of keys) made.push(await makeKey(store, { name: scope, scope }, systemClock))
  const log = createLog({ level: 'silent' })
  const keyring = await openKeyring({ store, log, nowMs: () => systemClock.nowMs() })
  closing.push(() => keyring.close())
  const access = createAccess({
    ...{ isLoopback: true, allowedHosts: [], allowedOrigins: [], keyring },
    monotonicMs: () => systemClock.monotonicMs(),
  })
  const upstream = await fakeUpstream()
  closing.push(() => upstream.close())
  const task = mailTask()
  const registry = openDiskRegistry(join(folder, 'registry'))
  const gateway = await startTestGateway({
    served: [{ task, specialists: [testSpecialist(task)] }],
    upstreamUrl: upstream.url,
    access,
    admin: { store, registry, keyring, clock: systemClock, version: '0' },
  })
  closing.push(() => gateway.close())
  return { store, keyring, gateway, upstream, made }
}

/** Sends a request line as it is written, which fetch does not, and gives the status and the text of the answer. */
function ask(url: string, line: string, secret?: string): Promise<{ status: number; text: string }> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname)
    socket.on('data', (data) => {
      text += String(data)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve({ status: Number(text.split(' ')[1]), text }))
    const key = secret === undefined ? '' : `Authorization: Bearer ${secret}\r\n`
    socket.write(`${line} HTTP/1.1\r\nHost: ${host}\r\n${key}Connection: close\r\n\r\n`)
  })
}

test('a key for calls opens administration by no spelling of its path', async () => {
  const { gateway, made } = await guarded('calls', 'admin')
  const [calls, admin] = made.map(({ secret }) => secret)
  expect((await ask(gateway.url, 'GET /admin/keys', admin)).status).toBe(200)
  expect((await ask(gateway.url, 'GET /admin/keys', calls)).status).toBe(403)
  const spellings = ['/%61dmin/keys', '/adm%69n/openapi.json', '/%61dmin', '/%61dmin/nothing', '//admin/keys']
  const addresses = [`${gateway.url}/admin/keys`, 'http://evil.example/admin/keys', 'HTTP://x/admin/calls']
  for (const target of [...spellings, ...addresses, '/ADMIN/keys', '/admin%2fkeys', '/v1/../admin/keys'])
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(await ask(gateway.url, `${method} ${target}`, calls)).toMatchObject({ status: 404 })
})

test('once there is a key of any sort, administration without one makes none', async () => {
  const { gateway, made } = await guarded('calls')
  for (const secret of [undefined, made[0]!.secret]) {
    const { status } = await ask(gateway.url, 'GET /admin/keys', secret)
    expect(status).toBe(secret === undefined ? 401 : 403)
  }
})

test('where only administrators need a key, no spelling of its path goes without one', async () => {
  const { gateway } = await guarded('admin')
  expect((await ask(gateway.url, 'GET /admin/keys')).status).toBe(401)
  for (const target of ['/%61dmin/keys', `${gateway.url}/admin/keys`])
    expect(await ask(gateway.url, `GET ${target}`)).toMatchObject({ status: 404 })
})

test('no path leads out of /v1 of the upstream, and odd but honest ones go there as they are', async () => {
  const { gateway, upstream } = await guarded()
  const outside = [
    '/v1/../key',
    '/v1/%2e%2e/key',
    '/v1/x/..%2fkey',
    '/v1/..',
    '/v1/./x',
    '/%761/x',
    '/v%31/x',
  ]
  for (const target of [...outside, 'http://other.example/v1/x', '/v1/x\\..\\key'])
    expect(await ask(gateway.url, `GET ${target}`)).toMatchObject({ status: 404 })
  expect(upstream.seen).toEqual([])
  const honest = ['/v1/files/a%20b', '/v1/files/..hidden', '/v1/files/v1.2...txt?at=../x', '/v1/x//y']
  for (const target of honest) expect(await ask(gateway.url, `GET ${target}`)).toMatchObject({ status: 207 })
  expect(upstream.seen.map(({ url }) => url)).toEqual(honest)
})

test('a key that is revoked while a body comes is not answered, nor one whose list of models is under way', async () => {
  const { gateway, store, keyring, made, upstream } = await guarded('calls')
  const [{ secret, record }] = made as [(typeof made)[0] & object]
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
  const text = JSON.stringify({ model: 'big-model', messages: mailMessages('You won a prize') })
  const answer = new Promise<string>((resolve, reject) => {
    const sent = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers }, async (got) => {
      resolve((await got.toArray()).join(''))
    })
    sent.on('error', reject)
    sent.write(text.slice(0, 20))
    void arrived().then(() => sent.end(text.slice(20)))
  })
  upstream.delayMs = 1_000
  const models = fetch(`${gateway.url}/v1/models`, { headers })
  async function arrived(): Promise<void> {
    await new Promise((done) => setTimeout(done, 100))
    await revokeKey(store, record.id, systemClock)
    await keyring.refresh()
  }
  expect(await answer).toContain('"code":"key.revoked"')
  expect(await (await models).text()).toContain('"code":"key.revoked"')
})

test('a call leaves nothing behind at its key, nor do many that their client leaves', async () => {
  const { gateway, keyring, made, upstream } = await guarded('calls')
  const { secret } = made[0]!
  const { revoked } = keyring.find(secret)!
  upstream.delayMs = 100
  const answer = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: question,
  })
  await new Promise((done) => setTimeout(done, 50))
  // A signal made with AbortSignal.any would not be listed, and would leave an entry for good.
  expect(getEventListeners(revoked, 'abort')).toHaveLength(1)
  expect((await answer).status).toBe(200)
  await new Promise((done) => setTimeout(done, 50))
  expect(getEventListeners(revoked, 'abort')).toHaveLength(0)
  const warned = vi.spyOn(process, 'emitWarning')
  const { hostname, port, host } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${secret}`
  socket.write(`${head}\r\nContent-Length: ${question.length}\r\n\r\n${question}`.repeat(20))
  await expect.poll(() => getEventListeners(revoked, 'abort').length).toBe(20)
  socket.destroy()
  await expect.poll(() => getEventListeners(revoked, 'abort').length).toBe(0)
  expect(warned).not.toHaveBeenCalled()
})

test('a stream that its client leaves before the usage comes is paid for all the same', async () => {
  const { gateway, made, upstream } = await guarded('calls')
  upstream.pieceMs = 30
  const leaving = new AbortController()
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made[0]!.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...JSON.parse(streamedQuestion), model: 'gpt-4o' }),
    signal: leaving.signal,
  })
  await answer.body!.getReader().read()
  leaving.abort()
  await expect.poll(() => gateway.calls).toMatchObject([{ status: 499, key: made[0]!.record.id }])
  expect(meterCall(gateway.calls[0]!, { prices: listPrices }).costUsd).toBeGreaterThan(0)
})

test('a list of keys that was read before one was revoked does not bring it back', async () => {
  const { store, made } = await guarded('calls')
  const { secret, record } = made[0]!
  let looks = 0
  const list: typeof store.keys.list = async () => {
    const read = await store.keys.list()
    if (++looks === 2) await new Promise((done) => setTimeout(done, 200))
    return read
  }
  const log = createLog({ level: 'silent' })
  const keys = { ...store.keys, list }
  const keyring = await openKeyring({ store: { ...store, keys }, log, nowMs: () => systemClock.nowMs() })
  closing.push(() => keyring.close())
  expect(keyring.find(secret)).toBeDefined()
  while (looks < 2) await new Promise((done) => setTimeout(done, 5))
  await revokeKey(store, record.id, systemClock)
  await keyring.refresh()
  await new Promise((done) => setTimeout(done, 250))
  expect(keyring.find(secret)).toBeUndefined()
})

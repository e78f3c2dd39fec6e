/** Keys and web pages: who may call, for what, how often, for how much, and what happens when a key is revoked. */
import { mkdtemp } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { taskId } from '../src/base/ids.ts'
import { createLog } from '../src/base/log.ts'
import { type AccessOptions, createAccess } from '../src/gateway/access/access.ts'
import { openKeyring } from '../src/gateway/access/keyring.ts'
import { type KeyRequest, makeKey, revokeKey } from '../src/pipeline/keys.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Store } from '../src/trace/store.ts'
import { keptCall } from '../src/trace/store-fixtures.contract.ts'
import { question, streamedQuestion } from './support/ask.ts'
import { fakeUpstream } from './support/fake-upstream.ts'
import { mailMessages, mailTask, startTestGateway, testSpecialist } from './support/test-gateway.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function storeInFolder(): Promise<Store> {
  const store = await openLibsqlStore({
    path: join(await mkdtemp(join(tmpdir(), 'shoal-keys-')), 'store.db'),
  })
  closing.push(() => store.close())
  return store
}

async function guarded(
  keys: readonly KeyRequest[],
  settings: Partial<AccessOptions> & { readonly pieceMs?: number } = {},
) {
  const store = await storeInFolder()
  const made = []
  for (const key of keys) made.push(await makeKey(store, key, systemClock))
  const log = createLog({ level: 'silent' })
  const keyring = await openKeyring({ store, log, nowMs: () => systemClock.nowMs() })
  closing.push(() => keyring.close())
  const access = createAccess({
    isLoopback: true,
    allowedHosts: [],
    allowedOrigins: [],
    keyring,
    monotonicMs: () => systemClock.monotonicMs(),
    ...settings,
  })
  const { pieceMs } = settings
  const upstream = await fakeUpstream(pieceMs === undefined ? {} : { pieceMs })
  closing.push(() => upstream.close())
  const task = mailTask()
  const gateway = await startTestGateway({
    served: [{ task, specialists: [testSpecialist(task)] }],
    upstreamUrl: upstream.url,
    access,
  })
  closing.push(() => gateway.close())
  return { store, keyring, gateway, upstream, secrets: made.map(({ secret }) => secret), made }
}

const local = JSON.stringify({ model: 'big-model', messages: mailMessages('You won a prize') })
/** Posts a chat body as a client with these headers. */
const ask = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })
const codeOf = async (answer: Response): Promise<string> => {
  const { error } = (await answer.json()) as { error: { code: string } }
  return error.code
}

test('without keys everyone on this machine may call; with one, a call must show one that is valid', async () => {
  const open = await guarded([])
  expect((await ask(open.gateway.url, local)).status).toBe(200)
  const { gateway, secrets, upstream } = await guarded([{ name: 'app', scope: 'calls' }])
  const refused = await ask(gateway.url, local, { authorization: 'Bearer sk-client' })
  expect(refused.status).toBe(401)
  expect(await codeOf(refused)).toBe('key.missing')
  expect(await codeOf(await ask(gateway.url, local, bearer('shoal_wrong')))).toBe('key.invalid')
  expect(gateway.calls).toEqual([])
  expect((await ask(gateway.url, local, bearer(secrets[0]!))).status).toBe(200)
  expect((await ask(gateway.url, question, bearer(secrets[0]!))).status).toBe(200)
  expect(gateway.calls.map(({ key }) => key)).toEqual([expect.any(String), expect.any(String)])
  expect(JSON.stringify(upstream.seen[0]!.headers)).not.toContain('shoal_')
})

test('a key in x-shoal-key leaves the key of the client for the upstream', async () => {
  const { gateway, secrets, upstream } = await guarded([{ name: 'app', scope: 'calls' }])
  const headers = { 'x-shoal-key': secrets[0]!, authorization: 'Bearer sk-own' }
  expect((await ask(gateway.url, question, headers)).status).toBe(200)
  expect(upstream.seen[0]!.headers['authorization']).toBe('Bearer sk-own')
  expect(upstream.seen[0]!.headers).not.toHaveProperty('x-shoal-key')
})

test('a key is for its tasks, and an administrator key for no calls', async () => {
  const { gateway, secrets } = await guarded([
    { name: 'mail', scope: 'calls', tasks: [taskId('mail')] },
    { name: 'other', scope: 'calls', tasks: [taskId('other')] },
    { name: 'root', scope: 'admin' },
  ])
  const [mail, other, root] = secrets
  expect((await ask(gateway.url, local, bearer(mail!))).status).toBe(200)
  expect(await codeOf(await ask(gateway.url, question, bearer(mail!)))).toBe('key.task-forbidden')
  expect(await codeOf(await ask(gateway.url, local, bearer(other!)))).toBe('key.task-forbidden')
  expect(await codeOf(await ask(gateway.url, local, bearer(root!)))).toBe('key.scope')
  const models = await fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    body: '{}',
    headers: bearer(mail!),
  })
  expect(await codeOf(models)).toBe('key.task-forbidden')
})

test('more calls a minute than a key may make are refused, with the time to wait', async () => {
  const { gateway, secrets } = await guarded([{ name: 'few', scope: 'calls', callsPerMinute: 3 }])
  const answers = []
  for (let call = 0; call < 5; call++) answers.push(await ask(gateway.url, local, bearer(secrets[0]!)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
  const wait = Number(answers[4]!.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(55)
  expect(wait).toBeLessThanOrEqual(60)
})

test('a key that has spent its money is still answered by specialists', async () => {
  const { gateway, secrets, store, keyring, made } = await guarded([
    { name: 'poor', scope: 'calls', usdPerMonth: 0.5 },
  ])
  expect((await ask(gateway.url, question, bearer(secrets[0]!))).status).toBe(200)
  const { call, ledger } = keptCall(1, { key: made[0]!.record.id, atMs: Date.now() })
  await store.calls.append([
    { call, ledger: { ...ledger, atMs: Date.now(), key: made[0]!.record.id, costUsd: 0.6 } },
  ])
  for (let look = 0; look < 4; look++) await keyring.refresh()
  const refused = await ask(gateway.url, question, bearer(secrets[0]!))
  expect(refused.status).toBe(429)
  expect(await codeOf(refused)).toBe('key.money-spent')
  expect((await ask(gateway.url, local, bearer(secrets[0]!))).status).toBe(200)
})

test('a key revoked in mid-stream cuts the stream off with an error event, and no other', async () => {
  const { gateway, secrets, store, made } = await guarded(
    [
      { name: 'leaked', scope: 'calls' },
      { name: 'fine', scope: 'calls' },
    ],
    { pieceMs: 400 },
  )
  const streams = await Promise.all(
    secrets.map((secret) => ask(gateway.url, streamedQuestion, bearer(secret))),
  )
  const texts = streams.map((stream) => stream.text())
  await new Promise((done) => setTimeout(done, 50))
  await revokeKey(store, made[0]!.record.id, systemClock)
  const [cut, whole] = await Promise.all(texts)
  expect(cut).toContain('"code":"key.revoked"')
  expect(cut).not.toContain('[DONE]')
  expect(whole).toContain('[DONE]')
  expect(await codeOf(await ask(gateway.url, local, bearer(secrets[0]!)))).toBe('key.invalid')
  expect(gateway.calls.some(({ error }) => error === 'key.revoked')).toBe(true)
})

/** A request with a host field of one's own, which fetch does not allow. */
function plainRequest(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/models`, { headers }, resolve)
    sent.on('error', reject)
    sent.end()
  })
}

test('a page of another site, or one behind a name of its own, reaches nothing', async () => {
  const { gateway } = await guarded([], {
    allowedOrigins: ['https://app.example'],
    allowedHosts: ['shoal.example'],
  })
  const statusOf = async (headers: Record<string, string>): Promise<number | undefined> => {
    const answer = await plainRequest(gateway.url, headers)
    answer.resume()
    return answer.statusCode
  }
  const own = new URL(gateway.url).host
  expect(await statusOf({})).toBe(200)
  expect(await statusOf({ host: 'evil.example' })).toBe(403)
  expect(await statusOf({ host: 'localhost:4114' })).toBe(200)
  expect(await statusOf({ host: 'shoal.example' })).toBe(200)
  expect(await statusOf({ origin: 'https://evil.example' })).toBe(403)
  expect(await statusOf({ origin: 'null' })).toBe(403)
  expect(await statusOf({ origin: `http://${own}` })).toBe(200)
  expect(await statusOf({ origin: 'https://app.example' })).toBe(200)
  expect(await statusOf({ 'sec-fetch-site': 'cross-site' })).toBe(403)
})

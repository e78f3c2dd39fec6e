/** The admin API and keys from outside: the built gateway, asked as a person's scripts would. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fakeUpstream } from './support/fake-upstream.ts'
import { type RunShoal, runShoal, type Serving } from './support/run-shoal.ts'
import { mailMessages } from './support/test-gateway.ts'

let shoal: RunShoal
let serving: Serving
let upstream: Awaited<ReturnType<typeof fakeUpstream>>

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-admin-'))
  upstream = await fakeUpstream({ answer: () => '{"label": "ham"}' })
  shoal = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href })
  const rows = Array.from({ length: 400 }, (_, at) =>
    at % 2 === 0 ? `win the prize number ${at} now,spam` : `lunch at ${at} with the team,ham`,
  )
  await writeFile(join(folder, 'rows.csv'), ['text,label', ...rows].join('\n'))
  const trained = await shoal.run(
    'train',
    'mail',
    '--data',
    join(folder, 'rows.csv'),
    '--risk',
    '0.1',
    '--promote',
  )
  expect(trained.stderr + trained.stdout).toContain('mail@1 serves now')
  serving = await shoal.serve('--port', '0')
})

afterAll(async () => {
  shoal.close()
  await upstream.close()
})

interface Said {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the answers of twenty operations, looked at field by field
  readonly body: any
}

async function admin(method: string, path: string, body?: object, headers = {}): Promise<Said> {
  const answer = await fetch(`${serving.url}/admin${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}

async function callMail(text: string): Promise<Response> {
  return fetch(`${serving.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shoal-task': 'mail' },
    body: JSON.stringify({ model: 'big-model', user: 'ada@example.com', messages: mailMessages(text) }),
  })
}

/** Calls are kept some milliseconds after their answer. */
async function keptCall(id: string): Promise<Said> {
  for (let tries = 0; ; tries++) {
    const said = await admin('GET', `/calls/${id}`)
    if (said.status === 200 || tries === 100) return said
    await new Promise((done) => setTimeout(done, 20))
  }
}

test('tasks, their versions and cards can be looked at', async () => {
  const { body } = await admin('GET', '/tasks')
  expect(body.tasks).toMatchObject([
    {
      id: 'mail',
      kind: 'classification',
      labels: ['ham', 'spam'],
      risk: 0.1,
      serves: 'mail@1',
      versions: [1],
    },
  ])
  const versions = await admin('GET', '/tasks/mail/specialists')
  expect(versions.body.specialists).toMatchObject([
    { id: 'mail@1', tier: 'nano', serves: true, verdict: 'train' },
  ])
  const card = await admin('GET', '/specialists/mail@1/card')
  expect(card.body.certificate.risk).toBe(0.1)
  expect(card.body.data.findings.labels).toHaveLength(2)
  const audits = await admin('GET', '/tasks/mail/audits')
  expect(audits.body).toMatchObject({
    task: 'mail',
    serves: 'mail@1',
    audits: { audited: 0, wrong: 0, evidence: 1, rate: 0.05, because: 'few-audits', drifting: [] },
  })
})

test('a task is paused and resumed, and the gateway follows', async () => {
  expect((await admin('PATCH', '/tasks/mail', { paused: true })).body.paused).toBe(true)
  const isPausedAfter = async (wanted: boolean): Promise<boolean> => {
    for (let tries = 0; ; tries++) {
      const reason = (await callMail('win the prize number 7 now')).headers.get('x-shoal-reason')
      if ((reason === 'paused') === wanted || tries === 60) return reason === 'paused'
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  expect(await isPausedAfter(true)).toBe(true)
  await admin('PATCH', '/tasks/mail', { paused: false })
  expect(await isPausedAfter(false)).toBe(false)
})

test('the pointer is moved back to nothing and forward again', async () => {
  expect((await admin('POST', '/tasks/mail/promote', { version: 9 })).body.error.code).toBe(
    'registry.version-unknown',
  )
  expect((await admin('POST', '/tasks/mail/promote', {})).body).toEqual({ task: 'mail', serves: 'mail@1' })
  expect((await admin('POST', '/tasks/none/promote', {})).status).toBe(404)
})

test('a call is found, corrected, and removed with all of its user', async () => {
  const id = (await callMail('dear diary')).headers.get('x-shoal-call-id')!
  const kept = await keptCall(id)
  expect(kept.body).toMatchObject({ id, task: 'mail', servedBy: 'upstream' })
  expect(kept.body.request).toContain('dear diary')
  const listed = await admin('GET', '/calls?task=mail&limit=1000')
  expect(
    listed.body.calls.some((call: { id: string; request?: string }) => call.id === id && !call.request),
  ).toBe(true)
  const wrong = await admin('POST', `/calls/${id}/correction`, { output: 'hamm' })
  expect(wrong.body.error).toMatchObject({ code: 'correction.invalid' })
  expect(wrong.body.error.message).toContain('Did you mean "ham"?')
  const corrected = await admin('POST', `/calls/${id}/correction`, { output: 'spam' })
  expect(corrected.body).toMatchObject({ call: id, task: 'mail' })
  const removed = await admin('POST', '/forget', { user: 'ada@example.com' })
  expect(removed.body.calls).toBeGreaterThan(0)
  expect((await admin('GET', `/calls/${id}`)).status).toBe(404)
  expect((await admin('DELETE', `/calls/${id}`)).body.error.code).toBe('call.unknown')
})

test('the ledger adds up by group', async () => {
  await callMail('one more')
  const { body } = await admin('GET', '/ledger?by=day')
  expect(body.totals.calls).toBeGreaterThan(0)
  expect(body.groups.reduce((sum: number, group: { calls: number }) => sum + group.calls, 0)).toBe(
    body.totals.calls,
  )
  expect((await admin('GET', '/ledger?by=colour')).status).toBe(400)
})

test('what is wrong with a request is said, with the method that a path takes', async () => {
  expect((await admin('PATCH', '/tasks/mail', { pausd: true })).body.error.message).toContain('pausd')
  expect((await admin('PUT', '/tasks')).status).toBe(405)
  expect((await admin('GET', '/nothing')).body.error.code).toBe('request.not-found')
  const answer = await fetch(`${serving.url}/admin/forget`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"task":',
  })
  expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(/not JSON/)
})

test('the document describes every operation', async () => {
  const { body } = await admin('GET', '/openapi.json')
  expect(body.openapi).toBe('3.1.0')
  expect(Object.keys(body.paths).sort()).toEqual([
    '/admin/calls',
    '/admin/calls/{call}',
    '/admin/calls/{call}/correction',
    '/admin/forget',
    '/admin/keys',
    '/admin/keys/{key}',
    '/admin/ledger',
    '/admin/specialists/{specialist}/card',
    '/admin/tasks',
    '/admin/tasks/{task}',
    '/admin/tasks/{task}/audits',
    '/admin/tasks/{task}/promote',
    '/admin/tasks/{task}/rollback',
    '/admin/tasks/{task}/specialists',
  ])
})

test('a key made on the command line opens the door for itself alone, and is refused a second after it was revoked', async () => {
  const made = JSON.parse((await shoal.run('keys', 'create', 'root', '--scope', 'admin', '--json')).stdout)
  const headers = { authorization: `Bearer ${made.secret}` }
  const statusAfter = async (wanted: number, sent = {}): Promise<number> => {
    for (let tries = 0; ; tries++) {
      const { status } = await admin('GET', '/keys', undefined, sent)
      if (status === wanted || tries === 30) return status
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  expect(await statusAfter(401)).toBe(401)
  const { body } = await admin('GET', '/keys', undefined, headers)
  expect(body.keys).toMatchObject([{ id: made.id, name: 'root', scope: 'admin' }])
  expect(JSON.stringify(body)).not.toContain(made.secret)
  expect((await shoal.run('keys', 'revoke', made.id)).code).toBe(0)
  expect(await statusAfter(401, headers)).toBe(401)
  expect((await shoal.run('keys', 'revoke', 'nix')).stderr).toContain('There is no key nix')
})

test('beyond loopback it does not listen without a key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-open-'))
  const other = runShoal(folder)
  const refused = await other.run('serve', '--host', '0.0.0.0', '--port', '0')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('shoal keys create NAME')
})

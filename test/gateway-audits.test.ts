/** Audits of local answers: what goes upstream, what becomes of it, and that the client never notices. */
import { afterEach, expect, test } from 'vitest'
import type { ModelName } from '../src/base/ids.ts'
import type { Call } from '../src/wire/call.ts'
import { ask } from './support/ask.ts'
import { type AuditSetup, auditSetup } from './support/audit-options.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import {
  mailMessages,
  mailTask,
  startTestGateway,
  type TestGateway,
  type TestSpecialist,
  testSpecialist,
  testUpstreams,
} from './support/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const label = (said: string): string => `{"label": "${said}"}`
/** As the test specialist: spam where "prize" stands. */
const agrees = (text: string): string => label(text.includes('prize') ? 'spam' : 'ham')
const disagrees = (text: string): string => label(text.includes('prize') ? 'ham' : 'spam')

interface Running extends TestGateway, AuditSetup {
  readonly upstream: FakeUpstream
  /** The calls that were kept as audits. */
  readonly audited: () => readonly Call[]
}

interface Settings {
  readonly audit?: Parameters<typeof auditSetup>[1]
  readonly specialist?: TestSpecialist
  readonly gateway?: Parameters<typeof startTestGateway>[0]
  readonly upstreamModel?: string
}

async function start(settings: Settings = {}): Promise<Running> {
  const upstream = await fakeUpstream({ answer: agrees })
  open.push(upstream)
  const task = mailTask({ upstream: (settings.upstreamModel ?? 'big-model') as ModelName })
  const setup = auditSetup({ task, specialists: [testSpecialist(task, settings.specialist)] }, settings.audit)
  const gateway = await startTestGateway({
    upstreams: testUpstreams([{ url: upstream.url }]),
    tasks: setup.tasks,
    audits: setup.audits,
    ...settings.gateway,
  })
  open.push(gateway)
  const audited = (): readonly Call[] => gateway.calls.filter((call) => call.auditOf !== undefined)
  return { ...gateway, ...setup, upstream, audited }
}

const mail = (text: string, more: object = {}): string =>
  JSON.stringify({ model: 'big-model', messages: mailMessages(text), temperature: 0, ...more })

async function readyProblems(url: string): Promise<readonly string[]> {
  return JSON.parse(await (await fetch(`${url}/readyz`)).text()).problems
}

test('a local answer is audited with the same request in one piece, and both calls are kept', async () => {
  const { url, upstream, calls, audited, checks } = await start()
  const answer = await ask(url, mail('a prize', { stream: true, stream_options: { include_usage: true } }))
  expect(answer.headers.get('x-shoal-reason')).toBe('certified')
  await expect.poll(() => checks.length).toBe(1)
  const [seen] = upstream.seen
  expect(JSON.parse(seen!.body.toString())).toEqual(JSON.parse(mail('a prize')))
  expect(seen!.headers['authorization']).toBe('Bearer sk-client')
  const id = answer.headers.get('x-shoal-call-id')
  expect(calls[0]).toMatchObject({ id, servedBy: 'mail@1 (nano)' })
  expect(audited()).toMatchObject([
    { auditOf: id, servedBy: 'upstream', reason: 'audit', task: 'mail', model: 'big-model', status: 200 },
  ])
  expect(audited()[0]!.usage).toMatchObject({ promptTokens: 11, completionTokens: 7, source: 'reported' })
  expect(checks).toMatchObject([
    { call: id, task: 'mail', specialist: 'mail@1', source: 'audit', wrong: false, chosenWith: 1 },
  ])
})

test('a bare call is audited with the whole prompt and the model that the certificate names', async () => {
  const { url, upstream, checks } = await start()
  const body = JSON.stringify({ model: 'shoal/mail', messages: [{ role: 'user', content: 'a prize' }] })
  expect((await ask(url, body)).status).toBe(200)
  await expect.poll(() => checks.length).toBe(1)
  expect(JSON.parse(upstream.seen[0]!.body.toString())).toEqual({
    model: 'big-model',
    messages: mailMessages('a prize'),
  })
})

test('what goes upstream anyway is not audited, and at the rate 0 nothing is', async () => {
  const asked = await start()
  await ask(asked.url, mail('a prize?'))
  const off = await start({ audit: { rate: 0 } })
  await ask(off.url, mail('a prize'))
  await ask(asked.url, mail('lunch'))
  await expect.poll(() => asked.checks.length).toBe(1)
  expect(asked.upstream.seen).toHaveLength(2)
  expect(off.upstream.seen).toHaveLength(0)
})

test('an upstream that begins to disagree has the specialist demoted at once, with a sentence, and audits stop', async () => {
  const { url, upstream, checks, demoted, tasks } = await start({
    specialist: { certificate: { risk: 0.1 } },
  })
  for (let call = 0; call < 60; call++) await ask(url, mail(`lunch ${call}`))
  await expect.poll(() => checks.length).toBe(60)
  expect(demoted).toEqual([])
  upstream.answer = disagrees
  let local = 0
  while (tasks.book.get('mail' as never)!.specialists.length > 0 && local < 200) {
    const answer = await ask(url, mail(`a prize ${local++}`))
    expect(answer.status).toBe(200)
    await expect.poll(() => checks.length).toBe(60 + local)
  }
  expect(local).toBeLessThan(30)
  expect(demoted).toHaveLength(1)
  expect(await readyProblems(url)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^mail@1 was demoted at .*: ${local} of the last ${local} audited answers were contradicted`,
      ),
    ),
  ])
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('shoal_demotions_total{task="mail"} 1')
  expect(metrics).toContain(`shoal_audits_total{outcome="wrong"} ${local}`)
  const before = upstream.seen.length
  expect((await ask(url, mail('a prize'))).headers.get('x-shoal-reason')).toBe('no-specialist')
  await new Promise((done) => setTimeout(done, 50))
  expect(upstream.seen).toHaveLength(before + 1)
})

test('an answer that is none of the task’s counts neither way, is kept, and many of them are told', async () => {
  const { url, upstream, checks, audited } = await start()
  upstream.answer = () => 'I would rather not say.'
  for (let call = 0; call < 12; call++) await ask(url, mail(`lunch ${call}`))
  await expect.poll(() => audited().length).toBe(12)
  expect(checks).toEqual([])
  expect(await readyProblems(url)).toEqual([
    expect.stringContaining(
      "Of the last 12 audits of mail@1 12 got an answer of the upstream that is none of the task's",
    ),
  ])
})

test('an answer by another model than the certificate names is no verdict', async () => {
  const other = await fakeUpstream({ answer: disagrees })
  open.push(other)
  const broken = await fakeUpstream({ behaviour: 'server-error' })
  open.push(broken)
  const modelMap = { 'big-model': 'other-model' }
  const upstreams = testUpstreams([{ url: broken.url }, { url: other.url, modelMap }])
  const { url, audited, checks } = await start({ gateway: { upstreams } })
  await ask(url, mail('a prize'))
  await expect.poll(() => audited().length).toBe(1)
  expect(audited()[0]).toMatchObject({ status: 200, model: 'other-model', upstream: 'second' })
  expect(checks).toEqual([])
})

test.each(['hang', 'server-error', 'close-at-once', 'malformed', 'rate-limited'] as const)(
  'an upstream that does not answer (%s) harms no client, demotes nobody, and the failures are counted',
  async (behaviour) => {
    const { url, upstream, checks, demoted, audited } = await start()
    upstream.behaviour = behaviour
    const began = performance.now()
    for (let call = 0; call < 20; call++) {
      const answer = await ask(url, mail(`a prize ${call}`))
      expect(answer.status).toBe(200)
      expect(answer.headers.get('x-shoal-served-by')).toBe('mail@1 (nano)')
    }
    expect(performance.now() - began).toBeLessThan(behaviour === 'hang' ? 450 : 2000)
    await expect.poll(() => audited().length, { timeout: 5000 }).toBeGreaterThan(3)
    expect(audited().every((call) => call.status >= 400)).toBe(true)
    expect(checks).toEqual([])
    expect(demoted).toEqual([])
  },
)

test('more audits than there is room for are dropped and counted, and closing does not wait for them', async () => {
  const { url, upstream, gateway, calls } = await start()
  upstream.behaviour = 'hang'
  await Promise.all(Array.from({ length: 300 }, (_, call) => ask(url, mail(`a prize ${call}`))))
  expect(calls.filter((call) => call.servedBy === 'mail@1 (nano)')).toHaveLength(300)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const dropped = Number(/shoal_audits_total\{outcome="dropped"\} (\d+)/.exec(metrics)![1])
  expect(dropped).toBeGreaterThan(0)
  const began = performance.now()
  await gateway.close()
  expect(performance.now() - began).toBeLessThan(400)
})

test('calls a minute and money a day end the audits, and the calls go on', async () => {
  const few = await start({ audit: { callsPerMinute: 5 } })
  for (let call = 0; call < 12; call++) await ask(few.url, mail(`lunch ${call}`))
  await expect.poll(() => few.checks.length).toBe(5)
  // 11 tokens in and 7 out cost 0.00000585 dollars.
  const poor = await start({
    audit: { budgetUsdPerDay: 0.00001 },
    upstreamModel: 'gpt-4o-mini',
    specialist: {
      certificate: { holdsFor: { specialists: [], maskingVersion: 1, upstream: 'gpt-4o-mini' } },
    },
  })
  for (let call = 0; call < 6; call++) {
    await ask(poor.url, mail(`lunch ${call}`, { model: 'gpt-4o-mini' }))
    await new Promise((done) => setTimeout(done, 30))
  }
  expect(poor.checks).toHaveLength(2)
  expect(poor.calls.filter((call) => call.servedBy === 'mail@1 (nano)')).toHaveLength(6)
})

test('the test is rebuilt from the checks in the store, and those of other gateways and people count', async () => {
  const upstream = await fakeUpstream({ answer: disagrees })
  open.push(upstream)
  const task = mailTask()
  const served = { task, specialists: [testSpecialist(task)] }
  const setup = auditSetup(served)
  const check = (at: number) =>
    ({
      call: `call_${at}`,
      task: 'mail',
      specialist: 'mail@1',
      atMs: 1,
      source: 'audit',
      wrong: at % 3 === 0,
      chosenWith: 1,
    }) as never
  for (let at = 0; at < 4; at++) setup.checks.push(check(at))
  const gateway = await startTestGateway({ tasks: setup.tasks, audits: setup.audits })
  open.push(gateway)
  expect(setup.demoted).toEqual([])
  for (let at = 4; at < 40; at++) setup.checks.push(check(at))
  await expect.poll(() => setup.demoted.length, { timeout: 8000 }).toBe(1)
  expect(setup.demoted[0]).toMatch(/^14 of the last 40 audited/)
}, 10_000)

/** A gateway on a free port for tests: calls are kept in a list, specialists are functions. */
import { sha256 } from '../../src/base/hash.ts'
import { type ModelName, specialistId, taskId } from '../../src/base/ids.ts'
import { createLog } from '../../src/base/log.ts'
import type { CallRecorder } from '../../src/gateway/context.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts'
import type { MemberSettings, UpstreamsSettings } from '../../src/gateway/upstreams/settings.ts'
import { taskBook } from '../../src/route/recognise.ts'
import type { ServedSpecialist, ServedTask } from '../../src/route/specialist.ts'
import type { Prediction } from '../../src/task/predictor.ts'
import type { PromptTemplate, Task, TaskInput } from '../../src/task/types.ts'
import { type Certificate, stageGate } from '../../src/trust/certificate.ts'
import type { Call } from '../../src/wire/call.ts'

export interface TestGateway {
  readonly url: string
  readonly gateway: Gateway
  /** The calls that were kept, in order. */
  readonly calls: Call[]
  close(): Promise<void>
}

/** A recorder that keeps calls in memory. */
export function listRecorder(calls: Call[], durableMs = 0): CallRecorder {
  return {
    record: (call) => {
      calls.push(call)
    },
    recordDurably: async (call) => {
      if (durableMs > 0) await new Promise((done) => setTimeout(done, durableMs))
      calls.push(call)
    },
    flush: async () => {},
    get counters() {
      return { taken: calls.length }
    },
  }
}

/** Upstreams that are given up after half a second, as named ones of `shoal.yaml` or, where it is one, as the simple form. */
export function testUpstreams(
  members: readonly (Partial<MemberSettings> & { readonly url: URL })[],
  settings: Partial<UpstreamsSettings> = {},
): UpstreamsSettings {
  return {
    members: members.map((member, at) => ({
      name: members.length === 1 ? 'openai' : ['first', 'second', 'third', 'fourth'][at]!,
      shape: 'openai',
      keys: members.length === 1 ? 'client-first' : 'configured',
      maxConcurrent: 1_000,
      queueTimeoutMs: 0,
      connectTimeoutMs: 500,
      silenceTimeoutMs: 500,
      ...member,
    })),
    answerTimeoutMs: 500,
    retryShare: 0.2,
    bodyLimitBytes: 32 * 2 ** 20,
    ...settings,
  }
}

/** Starts a gateway. */
export async function startTestGateway(
  settings: Partial<GatewayOptions> & { readonly served?: readonly ServedTask[]; readonly upstreamUrl?: URL },
): Promise<TestGateway> {
  const { served = [], upstreamUrl, ...rest } = settings
  const calls: Call[] = []
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    recorder: listRecorder(calls),
    tasks: {
      book: taskBook(served),
      problems: [],
      counts: { loaded: 0, sizeBytes: 0, loads: 0, failures: 0, evictions: 0 },
    },
    mask: (text) => text,
    log: createLog({ level: 'silent' }),
    durability: 'group',
    localAnswers: true,
    bodyLimitBytes: 32 * 2 ** 20,
    keptLimitBytes: 2 ** 20,
    maxForwarding: 100,
    shutdownMs: 2_000,
    ...(upstreamUrl && {
      upstreams: testUpstreams([{ url: upstreamUrl }]),
    }),
    ...rest,
  })
  const url = await gateway.listen()
  return { url, gateway, calls, close: () => gateway.close() }
}

export const mailTemplate: PromptTemplate = {
  messages: [
    { role: 'system', constants: ['You sort mail. Answer with JSON {"label": "ham" or "spam"}.'], slots: [] },
    { role: 'user', constants: ['Mail:\n', '\nIs it ham or spam?'], slots: ['text'] },
  ],
}

/** The messages of a mail call. */
export function mailMessages(text: string): { role: 'system' | 'user'; content: string }[] {
  return [
    { role: 'system', content: mailTemplate.messages[0]!.constants[0]! },
    { role: 'user', content: `Mail:\n${text}\nIs it ham or spam?` },
  ]
}

/** The task of sorting mail. */
export function mailTask(settings: Partial<Task> = {}): Task {
  return {
    id: taskId('mail'),
    kind: 'classification',
    space: { kind: 'labels', labels: ['ham', 'spam'], multiple: false },
    rendering: { kind: 'json', before: '{"label": "', after: '"}' },
    template: mailTemplate,
    risk: { risk: 0.02, delta: 0.05 },
    upstream: 'big-model' as ModelName,
    masked: true,
    paused: false,
    ...settings,
  }
}

export interface TestSpecialist {
  readonly predict?: (input: TaskInput) => Prediction
  readonly certificate?: Partial<Certificate>
  readonly isVoid?: boolean
  readonly inline?: boolean
  readonly version?: number
}

/** A specialist that is a function: by default it finds spam where "prize" stands, and is unsure of what has a "?". */
export function testSpecialist(task: Task, settings: TestSpecialist = {}): ServedSpecialist {
  const predict = settings.predict ?? predictMail
  const id = specialistId(task.id, settings.version ?? 1)
  const terms = { ...certificate, ...settings.certificate }
  return {
    id,
    certifiedAs: id,
    gate: stageGate(terms, id),
    tier: 'nano',
    digest: sha256('test'),
    servedBy: `${id} (nano)`,
    isVoid: settings.isVoid ?? false,
    certificate: terms,
    predictor: {
      predict: async (inputs) => inputs.map(predict),
      ...(settings.inline !== false && { inline: { inlineLimit: 10_000, predict } }),
      sizeBytes: 1,
      dispose: async () => {},
    },
  }
}

function predictMail(input: TaskInput): Prediction {
  const text = input.kind === 'text' ? input.text : ''
  const label = text.includes('prize') ? 'spam' : 'ham'
  const confidence = text.includes('?') ? 0.6 : 0.99
  const novelty = text.includes('☃') ? 0.999 : 0.1
  return { output: { kind: 'labels', labels: [label] }, confidence, novelty }
}

const certificate: Certificate = {
  risk: 0.02,
  delta: 0.05,
  threshold: 0.9,
  noveltyLimit: 0.98,
  wrongMeans: 'disagreement',
  calibration: { rows: 1000, n: 800, errors: 4, coverage: 0.8, bound: 0.012 },
  test: { rows: 1000, n: 800, errors: 5, coverage: 0.8, bound: 0.013 },
  holdsFor: { specialists: [], maskingVersion: 1, upstream: 'big-model' },
  data: { train: sha256('a'), calibration: sha256('b'), test: sha256('c') },
  date: '2026-11-24T00:00:00Z',
}

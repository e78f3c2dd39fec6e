import { expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { type ModelName, type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import type { Prediction } from '../task/predictor.ts'
import type { PromptTemplate, Task } from '../task/types.ts'
import type { Certificate } from '../trust/certificate.ts'
import { runCascade } from './cascade.ts'
import { type CallFacts, decide } from './decide.ts'
import type { ServedSpecialist } from './specialist.ts'

const observed = { rows: 100, n: 80, errors: 0, coverage: 0.8, bound: 0.01 }
const certificate: Certificate = {
  risk: 0.02,
  delta: 0.05,
  threshold: 0.9,
  noveltyLimit: 0.99,
  wrongMeans: 'error',
  calibration: observed,
  test: observed,
  holdsFor: { specialists: [], maskingVersion: 1, upstream: 'big' },
  data: { train: sha256('a'), calibration: sha256('b'), test: sha256('c') },
  date: '',
}

function task(name: string, template?: PromptTemplate): Task {
  return {
    id: taskId(name),
    kind: 'classification',
    space: { kind: 'labels', labels: ['a', 'b'], multiple: false },
    rendering: { kind: 'text', before: '', after: '' },
    risk: { risk: 0.02, delta: 0.05 },
    upstream: 'big' as ModelName,
    masked: false,
    paused: false,
    ...(template && { template }),
  }
}

const said = (confidence: number, novelty = 0): Prediction => ({
  output: { kind: 'labels', labels: ['a'] },
  confidence,
  novelty,
})

function specialist(
  prediction: Prediction | 'throws',
  settings: {
    readonly certificate?: Partial<Certificate>
    readonly isVoid?: boolean
    readonly inline?: boolean
    readonly id?: SpecialistId
    readonly gate?: ServedSpecialist['gate']
  } = {},
): ServedSpecialist & { asked: number } {
  const made = {
    id: settings.id ?? specialistId(taskId('t'), 1),
    certifiedAs: specialistId(taskId('t'), 1),
    gate: settings.gate ?? { threshold: certificate.threshold!, noveltyLimit: certificate.noveltyLimit },
    tier: 'nano' as const,
    digest: sha256('x'),
    servedBy: 't@1 (nano)',
    isVoid: settings.isVoid ?? false,
    certificate: { ...certificate, ...settings.certificate },
    asked: 0,
    predictor: {
      sizeBytes: 1,
      predict: async () => [answer()],
      dispose: async () => {},
      ...(settings.inline !== false && { inline: { inlineLimit: 100, predict: () => answer() } }),
    },
  }
  const answer = (): Prediction => {
    made.asked++
    if (prediction === 'throws') throw new Error('broken')
    return prediction
  }
  return made
}

function facts(specialists: readonly ServedSpecialist[], settings: Partial<CallFacts> = {}): CallFacts {
  const served = { task: task('t'), specialists }
  return {
    served,
    insisted: false,
    hasInput: true,
    localAnswers: true,
    model: 'big' as ModelName,
    ...settings,
  }
}

const sure = specialist(said(0.95))

test.each<[string, CallFacts, string]>([
  ['no task', { insisted: false, hasInput: false, localAnswers: true }, 'no-task'],
  ['the client insists', facts([sure], { insisted: true }), 'insisted'],
  ['local answers are off', facts([sure], { localAnswers: false }), 'local-off'],
  [
    'the task is paused',
    facts([sure], { served: { task: { ...task('t'), paused: true }, specialists: [sure] } }),
    'paused',
  ],
  ['the request forbids it', facts([sure], { obstacle: 'several-answers' }), 'several-answers'],
  ['the input cannot be read', facts([sure], { hasInput: false }), 'template-differs'],
  ['nothing is promoted', facts([]), 'no-specialist'],
  [
    'no threshold passed',
    facts([specialist(said(1), { certificate: { threshold: undefined } as never })]),
    'no-certificate',
  ],
  ['the certificate is void', facts([specialist(said(1), { isVoid: true })]), 'certificate-void'],
  ['another model is asked for', facts([sure], { model: 'small' as ModelName }), 'other-model'],
])('a call goes upstream without asking anybody where %s', (_, given, reason) => {
  expect(decide(given, [])).toEqual({ kind: 'upstream', reason })
})

test.each<[Prediction | 'throws', string]>([
  [said(0.89), 'unsure'],
  [said(1, 0.991), 'novel'],
  [said(0.1, 1), 'novel'],
  ['throws', 'specialist-failed'],
])('after %j the call goes upstream: %s', (prediction, reason) => {
  const failures: unknown[] = []
  const routed = runCascade(
    facts([specialist(prediction)]),
    { kind: 'text', text: 'x' },
    {
      onFailure: (_, cause) => failures.push(cause),
    },
  )
  expect(routed).toMatchObject({ kind: 'upstream', reason })
  expect(failures).toHaveLength(prediction === 'throws' ? 1 : 0)
})

test.each([
  [0, 0.01, true],
  [0.0099, 0.01, true],
  [0.01, 0.01, false],
  [0.5, 0, false],
  [0.999, 1, true],
])(
  'with a draw of %d and a rate of %d an answer is audited: %s, and nothing else changes',
  (draw, rate, audit) => {
    const chance = { draw, rates: new Map([[sure.id, rate]]) }
    const step = decide(facts([sure]), [said(0.95)], chance)
    expect(step).toMatchObject({ kind: 'answer', reason: 'certified', audit, auditRate: rate })
    expect(decide(facts([sure]), [said(0.95)])).toMatchObject({ kind: 'answer', audit: false, auditRate: 0 })
    expect(decide(facts([sure]), [said(0.1)], chance)).toEqual({ kind: 'upstream', reason: 'unsure' })
  },
)

test('what every specialist says is passed on, and each call has a draw of its own', async () => {
  const heard: number[] = []
  const draws = [0.5, 0.001]
  const options = {
    onFailure: () => {},
    onPrediction: (_: unknown, { confidence }: Prediction) => heard.push(confidence),
    auditChance: () => ({ draw: draws.shift()!, rates: new Map([[sure.id, 0.01]]) }),
  }
  const unsure = specialist(said(0.5))
  const later = specialist(said(0.95), { inline: false })
  const input = { kind: 'text', text: 'x' } as const
  expect(await runCascade(facts([unsure, later]), input, options)).toMatchObject({ audit: false })
  expect(runCascade(facts([sure]), input, options)).toMatchObject({ audit: true, auditRate: 0.01 })
  expect(heard).toEqual([0.5, 0.95, 0.95])
})

test('exactly at the threshold and at the limit of novelty a specialist answers, at once', () => {
  const routed = runCascade(
    facts([specialist(said(0.9, 0.99))]),
    { kind: 'text', text: 'x' },
    { onFailure: () => {} },
  )
  expect(routed).toMatchObject({ kind: 'local', reason: 'certified', specialist: { id: 't@1' } })
})

test('the next specialist is asked only where the one before is not sure, and none after the one that answers', async () => {
  const first = specialist(said(0.5))
  const second = specialist(said(0.95), { inline: false })
  const third = specialist(said(1))
  const routed = await runCascade(
    facts([first, second, third]),
    { kind: 'text', text: 'x' },
    { onFailure: () => {} },
  )
  expect(routed).toMatchObject({ kind: 'local', prediction: { confidence: 0.95 } })
  expect(routed).not.toHaveProperty('cpuMs')
  expect([first.asked, second.asked, third.asked]).toEqual([1, 1, 0])
})

test('each specialist of a cascade has a gate of its own, and answers under the one certificate', async () => {
  const nano = specialist(said(0.95), {
    id: specialistId(taskId('t'), 7),
    gate: { threshold: 0.99, noveltyLimit: 0.5 },
  })
  const micro = specialist(said(0.8), { gate: { threshold: 0.7, noveltyLimit: 0.99 } })
  const chance = { draw: 0.2, rates: new Map([[micro.id, 0.3]]) }
  const both = facts([nano, micro])
  expect(decide(both, [said(0.98)])).toMatchObject({ kind: 'ask', at: 1 })
  expect(decide(both, [said(0.995, 0.6)])).toMatchObject({ kind: 'ask', at: 1 })
  expect(decide(both, [said(0.995, 0.4)], chance)).toMatchObject({
    kind: 'answer',
    specialist: { id: nano.id },
    audit: true,
    auditRate: 0.3,
  })
  expect(decide(both, [said(0.98), said(0.7)])).toMatchObject({
    kind: 'answer',
    specialist: { id: micro.id },
  })
  expect(decide(both, [said(0.98), said(0.69)])).toEqual({ kind: 'upstream', reason: 'unsure' })
})

test('a specialist that the certificate lets answer nothing is asked for what the one after it is told', async () => {
  const distribution = { labels: ['a', 'b'], probabilities: [0.7, 0.3] }
  const closed = specialist({ ...said(1), distribution }, { gate: { noveltyLimit: 0.99 } })
  const told: unknown[] = []
  const late = {
    ...specialist(said(0.95), { inline: false }),
    predictor: {
      sizeBytes: 1,
      predict: async (_: unknown, options?: { earlier?: unknown }) => {
        told.push(options?.earlier)
        return [said(0.95)]
      },
      dispose: async () => {},
    },
  }
  const routed = await runCascade(facts([closed, late]), { kind: 'text', text: 'x' }, { onFailure: () => {} })
  expect(routed).toMatchObject({ kind: 'local', specialist: { predictor: late.predictor } })
  expect(told).toEqual([[distribution]])
})

test('where one of a cascade says nothing, those after it do not answer: nobody certified what they are left', () => {
  const routed = runCascade(
    facts([specialist('throws'), sure]),
    { kind: 'text', text: 'x' },
    { onFailure: () => {} },
  )
  expect(routed).toMatchObject({ kind: 'upstream', reason: 'specialist-failed' })
})

test('a text above the inline limit is asked for on the other path', async () => {
  const routed = runCascade(facts([sure]), { kind: 'text', text: 'x'.repeat(101) }, { onFailure: () => {} })
  expect(routed).toBeInstanceOf(Promise)
  expect(await routed).toMatchObject({ kind: 'local' })
})

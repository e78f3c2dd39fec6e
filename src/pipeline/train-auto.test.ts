import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { taskId } from '../base/ids.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { evaluate } from '../eval/evaluate.ts'
import { openDiskRegistry } from '../registry/disk-registry.ts'
import type { Registry } from '../registry/registry.ts'
import type { Task, TaskKind } from '../task/types.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { secondTier } from '../tier/second-tier.contract.ts'
import { labelled } from '../tier/tier.contract.ts'
import type { Tier } from '../tier/tier.ts'
import { parseCard } from '../trust/card.ts'
import { cardMarkdown } from '../trust/card-markdown.ts'
import { loadTarget, openTarget } from './target.ts'
import { type AutoTrained, trainAuto } from './train-auto.ts'

const words = { card: ['pin', 'visa'], loan: ['mortgage', 'interest'], refund: ['return', 'cancel'] } as const
const labels = Object.keys(words) as readonly (keyof typeof words)[]
const task: Task = {
  id: taskId('desk'),
  kind: 'classification',
  space: { kind: 'labels', labels, multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.05, delta: 0.1 },
  masked: false,
  paused: false,
}

/** Rows of which a part says nothing that n-grams could know: a number whose remainder is the label. */
function rows(count: number, hard: number, seed: number): readonly Example[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const label = labels[random.below(3)]!
    const number = 3 * random.below(3_000_000) + labels.indexOf(label)
    const word = random.next() < hard ? 'thing' : words[label][random.below(2)]!
    return labelled(`about the ${word} ${number}`, label)
  })
}

let folder: string
let registry: Registry
const nano = createNanoTier()
const micro = secondTier(nano, {
  // Reads the number, as a larger model reads what n-grams cannot.
  knows: ({ text }) => labels[Number(/\d+$/.exec(text)?.[0] ?? 0) % 3]!,
})
const clock = systemClock
const shopOf = () => ({ first: nano, baselines: [], registry, clock, version: 'test' })
const tiers = [nano, micro]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-auto-'))
  registry = openDiskRegistry(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('where the small tier leaves calls to the upstream', () => {
  let trained: AutoTrained
  const request = { seed: 0, withoutBaselines: true }
  beforeAll(async () => {
    const examples = rows(2000, 0.5, 1)
    trained = await trainAuto({ ...shopOf(), second: micro }, { task, examples, notes: [] }, request)
  }, 60_000)

  test('the larger one is trained behind it, and the cascade is chosen', () => {
    const { first, second, chosen, why } = trained
    expect([first.manifest.id, second?.manifest.id]).toEqual(['desk@1', 'desk@2'])
    expect(chosen).toBe(second)
    expect(why.join(' ')).toMatch(/should come to answer .* and both together/)
    expect(second!.manifest.before).toEqual([
      { id: 'desk@1', digest: first.card.certificate.holdsFor.specialists[0]!.digest },
    ])
  })

  test('one certificate names both, on the same split, and covers more than the first alone', () => {
    const { first, second } = trained
    const { certificate } = second!.card
    expect(certificate.holdsFor.specialists.map(({ id }) => id)).toEqual(['desk@1', 'desk@2'])
    expect(certificate.data).toEqual(first.card.certificate.data)
    expect(certificate.stages!.map(({ specialist }) => specialist)).toEqual(['desk@1', 'desk@2'])
    expect(certificate.stages!.every(({ test: { n } }) => n > 0)).toBe(true)
    expect(certificate.test.coverage).toBeGreaterThan(first.card.certificate.test.coverage + 0.2)
    expect(second!.card.stages!.map(({ tier }) => tier)).toEqual(['nano', 'micro'])
    expect(second!.card.evaluation.underCertificate?.n).toBe(certificate.test.n)
    expect(second!.card.evaluation.underCertificate?.errors).toBe(certificate.test.errors)
  })

  test('what is loaded answers as the certificate counted, and says whether it may', async () => {
    const target = await loadTarget(trained.second!.manifest.id, { registry, tiers })
    expect(target.why).toBeUndefined()
    const examples = rows(400, 0.5, 9)
    const gate = { threshold: target.card.certificate.threshold!, noveltyLimit: 1 }
    const judged = await evaluate(target.predictor, examples, { gate, task })
    expect(judged.underCertificate!.coverage.value).toBeGreaterThan(0.8)
    expect(judged.underCertificate!.realisedError!.value).toBeLessThan(0.05)
    await target.predictor.dispose()
  })

  test('its card can be kept, read again and printed with both stages', async () => {
    const { manifest } = await registry.describe(trained.second!.manifest.id)
    const card = parseCard(manifest.card, manifest.id)
    expect(card).toEqual(trained.second!.card)
    const markdown = cardMarkdown(card, { charts: false })
    expect(markdown).toMatch(/\| desk@1 \(nano\)/)
    expect(markdown).toMatch(/\| desk@2 \(micro\)/)
  })
})

test('where the small tier answers nearly all, the larger one is not tried, and the numbers are told', async () => {
  const trained = await trainAuto(
    { ...shopOf(), second: micro },
    { task: { ...task, id: taskId('easy') }, examples: rows(1200, 0, 3), notes: [] },
    { seed: 0, withoutBaselines: true },
  )
  expect(trained.second).toBeUndefined()
  expect(trained.why).toHaveLength(1)
  expect(trained.why[0]).toMatch(/not tried: nano should come to answer 9\d\.\d%|100\.0%/)
}, 60_000)

test('where the budget is spent, or no larger tier is set up, the first is what there is', async () => {
  const examples = rows(600, 0.5, 4)
  const asked = { task: { ...task, id: taskId('short') }, examples, notes: [] }
  const short = await trainAuto({ ...shopOf(), second: micro }, asked, {
    seed: 0,
    withoutBaselines: true,
    budgetMs: 10_000,
  })
  expect(short.why[0]).toMatch(/s of the budget are left/)
  const bare = await trainAuto(shopOf(), asked, { seed: 0, withoutBaselines: true })
  expect(bare.why[0]).toMatch(/shoal setup micro/)
  expect(bare.chosen).toBe(bare.first)
}, 60_000)

test('an adapter is asked of the larger tier alone, and refused before anything is trained where it trains none', async () => {
  const asked: string[] = []
  const told = (tier: Tier, adapt: readonly TaskKind[]): Tier => ({
    ...tier,
    can: { ...tier.can, adapt },
    train: (...job) => {
      asked.push(`${tier.kind} ${job[2].lora ?? 'none'}`)
      return tier.train(...job)
    },
  })
  const rowsOf = { task: { ...task, id: taskId('adapted') }, examples: rows(1000, 0.5, 4), notes: [] }
  const train = (adapt: readonly TaskKind[]) =>
    trainAuto({ ...shopOf(), first: told(nano, []), second: told(micro, adapt) }, rowsOf, {
      ...{ seed: 0, withoutBaselines: true, lora: 4 },
    })
  await expect(train([])).rejects.toThrow('The micro tier trains no adapter for classification')
  expect(asked).toEqual([])
  expect((await train(['classification'])).second).toBeDefined()
  expect(asked).toContain('micro 4')
  expect(asked.filter((one) => one.startsWith('nano')).every((one) => one === 'nano none')).toBe(true)
}, 60_000)

test('a cascade whose first version is gone is loaded by nobody, and promoted by nobody', async () => {
  const gone = { id: 'desk@9' as const, digest: 'x' }
  expect(gone.id).toBe('desk@9')
  const own = openDiskRegistry(join(folder, 'own'))
  const artefact = await nano.train(task, { examples: rows(300, 0, 5), digest: 'd' as never }, { seed: 0 })
  const first = await own.publish(task, artefact, () => ({}))
  const { digest } = await own.describe(first.id)
  const second = await own.publish(task, artefact, () => ({}), { before: [{ id: first.id, digest }] })
  await own.promote(second.id)
  await rm(join(folder, 'own', 'specialists'), { recursive: true, force: true })
  await expect(openTarget(second.id, { registry: own, tiers })).rejects.toThrow()
}, 60_000)

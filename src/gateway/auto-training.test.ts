import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import { createLog } from '../base/log.ts'
import type { AutoSettings, TaskSettings } from '../pipeline/configuration/tasks.ts'
import { keptCall } from '../trace/store-fixtures.contract.ts'
import { type AutoTraining, startAutoTraining } from './auto-training.ts'

const task = taskId('mail')
const running: AutoTraining[] = []
afterEach(async () => {
  for (const auto of running.splice(0)) await auto.close()
})

/** A registry and a store as far as training by itself asks them: versions by the share of calls that they may answer. */
class World {
  coverage: number[] = []
  serving: SpecialistId | undefined
  demoted: { was: SpecialistId; why: string; at: string } | undefined
  keptCalls = 0
  paused = false
  /** Tasks whose kept calls a training has seen. */
  readonly seenBy = new Set<string>()
  trained = 0
  atOnce = 0
  mostAtOnce = 0
  /** What the next training comes to; an error where it fails. */
  next: number | Error = 0.5
  trainMs = 5
  /** A task whose versions cannot be read. */
  broken: string | undefined
  /** What the settings say by now, where it is something else than at the start. */
  after: number | undefined

  start(auto: Partial<AutoSettings> = {}, said: Partial<TaskSettings> = {}, tasks = ['mail']): AutoTraining {
    const first = { after: 10, promote: 'certified' as const, ...auto }
    const settings = () => ({ ...said, auto: { ...first, after: this.after ?? first.after } })
    const started = startAutoTraining({
      store: {
        calls: {
          count: async ({ limit = Infinity, task = '' } = {}) =>
            this.seenBy.has(task) ? 0 : Math.min(limit, this.keptCalls),
        },
        tasks: { get: async () => ({ paused: this.paused }) },
      } as never,
      registry: {
        versions: async (name: string) => {
          if (name === this.broken) throw new Error('cannot be read')
          return this.coverage.map((_, i) => i + 1)
        },
        promoted: async () => this.serving,
        demotion: async () => this.demoted,
        promote: async (id: SpecialistId) => {
          this.serving = id
        },
        describe: async (id: SpecialistId) => ({ manifest: this.manifest(id) }),
      } as never,
      readCard: (id) => this.card(id),
      train: async (name) => {
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
        await new Promise((resolve) => setTimeout(resolve, this.trainMs))
        this.atOnce--
        this.trained++
        if (this.next instanceof Error) throw this.next
        this.coverage.push(this.next)
        this.seenBy.add(name)
        return specialistId(name, this.coverage.length)
      },
      settings: () => Object.fromEntries(tasks.map((name) => [name, settings()])),
      log: createLog({ level: 'silent' }),
      clock: systemClock,
      everyMs: 5,
    })
    running.push(started)
    return started
  }

  manifest(_: SpecialistId) {
    return { createdAt: '2026-01-01T00:00:00.000Z' }
  }

  card(id: SpecialistId): { coverage: number; rows: number } {
    return { coverage: this.coverage[Number(id.split('@')[1]) - 1]!, rows: 100 }
  }
}

const upstreamCalls = (auto: AutoTraining, count: number): void => {
  for (let i = 0; i < count; i++) auto.saw(keptCall(i).call)
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 60))

test('nothing is trained before there are enough calls that the upstream answered; then the specialist serves', async () => {
  const world = new World()
  const auto = world.start()
  await settle()
  upstreamCalls(auto, 9)
  auto.saw(keptCall(1, { servedBy: 'mail@1 (nano)' }).call)
  auto.saw(keptCall(1, { status: 500 }).call)
  auto.saw(keptCall(1, { task: taskId('other') }).call)
  await settle()
  expect(world.trained).toBe(0)
  upstreamCalls(auto, 1)
  await expect.poll(() => world.serving).toBe('mail@1')
  await settle()
  expect(world.trained).toBe(1)
})

test('calls that were kept before the start count', async () => {
  const world = new World()
  world.keptCalls = 10
  world.start()
  await expect.poll(() => world.trained).toBe(1)
})

test('the next training waits for half as many calls as the last one had rows', async () => {
  const world = new World()
  world.coverage = [0.5]
  const auto = world.start()
  await settle()
  upstreamCalls(auto, 49)
  await settle()
  expect(world.trained).toBe(0)
  upstreamCalls(auto, 1)
  await expect.poll(() => world.trained).toBe(1)
})

test.each([
  ['answers nothing', { next: 0 }],
  ['answers less than the one that serves', { next: 0.4 }],
  ['follows one that was demoted', { next: 0.9, demoted: { was: specialistId(task, 1), why: 'x', at: '' } }],
])('a specialist that %s is not promoted', async (_, changes) => {
  const world = Object.assign(
    new World(),
    { coverage: [0.5], serving: specialistId(task, 1), keptCalls: 100 },
    changes,
  )
  world.start()
  await expect.poll(() => world.trained).toBe(1)
  await settle()
  expect(world.serving).toBe('mail@1')
})

test('a better one is promoted, and with `promote: never` none', async () => {
  for (const [promote, serves] of [
    ['certified', 'mail@2'],
    ['never', 'mail@1'],
  ] as const) {
    const world = Object.assign(new World(), {
      coverage: [0.5],
      serving: specialistId(task, 1),
      keptCalls: 100,
    })
    world.start({ promote })
    await expect.poll(() => world.trained).toBe(1)
    await settle()
    expect(world.serving).toBe(serves)
  }
})

test('a paused task is not trained, whoever paused it', async () => {
  const [byStore, bySettings] = [new World(), new World()]
  Object.assign(byStore, { keptCalls: 10, paused: true })
  Object.assign(bySettings, { keptCalls: 10 })
  byStore.start()
  bySettings.start({}, { paused: true })
  await settle()
  expect([byStore.trained, bySettings.trained]).toEqual([0, 0])
  byStore.paused = false
  await expect.poll(() => byStore.trained).toBe(1)
})

test('a training that fails is tried again after as many calls again, not at each look', async () => {
  const world = Object.assign(new World(), { keptCalls: 10, next: new Error('too few') })
  const auto = world.start()
  await expect.poll(() => world.trained).toBe(1)
  upstreamCalls(auto, 9)
  await settle()
  expect(world.trained).toBe(1)
  upstreamCalls(auto, 1)
  await expect.poll(() => world.trained).toBe(2)
})

test('two tasks are trained one after the other', async () => {
  const world = Object.assign(new World(), { keptCalls: 100, trainMs: 30 })
  world.start({}, {}, ['mail', 'bills'])
  await expect.poll(() => world.trained).toBeGreaterThan(1)
  expect(world.mostAtOnce).toBe(1)
})

test('a task whose versions cannot be read keeps no other waiting', async () => {
  const world = Object.assign(new World(), { keptCalls: 10, broken: 'bills' })
  world.start({}, {}, ['bills', 'mail'])
  await expect.poll(() => world.trained).toBe(1)
  expect(world.serving).toBe('mail@1')
})

test('a setting that is changed while the gateway runs holds at once', async () => {
  const world = Object.assign(new World(), { keptCalls: 10 })
  world.start({ after: 1000 })
  await settle()
  expect(world.trained).toBe(0)
  world.after = 10
  await expect.poll(() => world.trained).toBe(1)
})

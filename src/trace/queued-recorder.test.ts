import { beforeEach, describe, expect, test, vi } from 'vitest'
import { listPrices } from '../meter/prices.ts'
import { unpackCalls } from './call-batch.ts'
import type { StartKeeper } from './queued-recorder.ts'
import { type Recorder, type RecorderOptions, startRecorderWith } from './recorder.ts'
import type { FromKeeper, KeeperProblem, ToKeeper } from './recorder.worker.ts'
import { keptCall } from './store-fixtures.contract.ts'

type Keep = Extract<ToKeeper, { kind: 'keep' }>

/** A thread that does what the test says; the first answers that it is ready. */
class FakeKeeper {
  starts = 0
  kept: string[] = []
  problems: string[] = []
  /** Dates of the price tables that it was started with or told. */
  priced: string[] = []
  /** What to do with a batch; by default it is kept. */
  onKeep: (message: Keep) => void = (message) => this.keep(message)
  onStart: () => void = () => this.send({ kind: 'ready' })
  #isAlive = false
  #on: Parameters<StartKeeper>[0] | undefined

  readonly start: StartKeeper = (on, prices) => {
    const born = ++this.starts
    this.priced.push(prices.date)
    this.#isAlive = true
    this.#on = on
    queueMicrotask(() => this.onStart())
    return {
      post: (message) => {
        if (message.kind === 'keep')
          queueMicrotask(() => this.#isAlive && born === this.starts && this.onKeep(message))
        else if (message.kind === 'prices') this.priced.push(message.prices.date)
        else this.send({ kind: 'closed' })
      },
      terminate: async () => undefined,
    }
  }

  send(message: FromKeeper): void {
    this.#on?.message(message)
  }

  keep({ batch, values }: Keep): void {
    this.kept.push(...unpackCalls(values).map(({ call }) => call.path))
    this.send({ kind: 'kept', batch })
  }

  fail({ batch }: Keep, problem: Partial<KeeperProblem> = {}): void {
    this.send({
      kind: 'failed',
      batch,
      problem: { message: 'disk full', details: {}, retryable: true, ...problem },
    })
  }

  die(): void {
    this.#isAlive = false
    this.#on?.end(new Error('out of memory'))
  }
}

let keeper: FakeKeeper
beforeEach(() => {
  keeper = new FakeKeeper()
  return () => vi.useRealTimers()
})

const call = (path: string | number, changes: Parameters<typeof keptCall>[1] = {}) =>
  keptCall(1, { path: String(path), ...changes }).call

async function started(options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  const onProblem = (problem: Error): void => void keeper.problems.push(problem.message)
  const recorder = startRecorderWith(
    { storeFile: '', prices: listPrices, onProblem, ...options },
    keeper.start,
  )
  vi.useFakeTimers()
  return recorder
}

/** Lets timers pass, with what they set off. */
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

describe('a full queue', () => {
  test('refuses by count, counts what it refused, tells once, and takes again when there is room', async () => {
    const recorder = await started({ maxQueuedCalls: 10 })
    for (let i = 0; i < 15; i++) recorder.record(call(i))
    await expect(recorder.recordDurably(call('strict'))).rejects.toMatchObject({
      code: 'store.not-kept',
      status: 503,
    })
    expect(recorder.counters).toMatchObject({ taken: 16, queued: 10, notKept: 6 })
    expect(keeper.problems).toHaveLength(1)
    await pass(10)
    recorder.record(call('after'))
    await pass(10)
    expect(recorder.counters).toMatchObject({ taken: 17, kept: 11, queued: 0, notKept: 6 })
    expect(keeper.kept).toEqual([...Array.from({ length: 10 }, (_, i) => String(i)), 'after'])
  })

  test('refuses by size', async () => {
    const recorder = await started({ maxQueuedUnits: 10_000 })
    for (let i = 0; i < 10; i++) recorder.record(call(i, { request: 'x'.repeat(4000) }))
    expect(recorder.counters).toMatchObject({ queued: 2, notKept: 8 })
  })
})

describe('a disk that is full', () => {
  test('who waits is told at once; the rest is tried again and kept when there is room', async () => {
    const recorder = await started()
    keeper.onKeep = (message) => keeper.fail(message, { code: 'disk.full', details: { file: 'store.db' } })
    recorder.record(call('loose'))
    const strict = recorder.recordDurably(call('strict'))
    const refused = expect(strict).rejects.toMatchObject({
      code: 'store.not-kept',
      cause: { code: 'disk.full' },
    })
    await pass(50)
    await refused
    expect(recorder.counters).toMatchObject({ notKept: 1, queued: 1, retries: 1 })
    keeper.onKeep = (message) => keeper.keep(message)
    await pass(200)
    expect(keeper.kept).toEqual(['loose'])
    expect(recorder.counters).toMatchObject({ kept: 1, notKept: 1, queued: 0 })
    expect(keeper.problems).toHaveLength(1)
  })

  test('what cannot be kept for long is given up and counted', async () => {
    const recorder = await started()
    keeper.onKeep = (message) => keeper.fail(message)
    for (let i = 0; i < 5; i++) recorder.record(call(i))
    const flushed = recorder.flush()
    await pass(60_000)
    await flushed
    expect(recorder.counters).toMatchObject({ kept: 0, notKept: 5, queued: 0, retries: 6 })
  })

  test('calls that somebody waits for pass those that are being tried again', async () => {
    const recorder = await started()
    keeper.onKeep = (message) =>
      unpackCalls(message.values)[0]?.call.path === 'loose' ? keeper.fail(message) : keeper.keep(message)
    recorder.record(call('loose'))
    await pass(20)
    const strict = recorder.recordDurably(call('strict'))
    await pass(1)
    await strict
    expect(keeper.kept).toEqual(['strict'])
  })
})

test('one call that cannot be written costs only itself', async () => {
  const recorder = await started()
  keeper.onKeep = (message) => {
    const bad = unpackCalls(message.values).some((unpacked) => unpacked.call.path === '7')
    if (bad) keeper.fail(message, { message: 'NOT NULL constraint failed', retryable: false })
    else keeper.keep(message)
  }
  for (let i = 0; i < 20; i++) recorder.record(call(i))
  await pass(50)
  expect(keeper.kept.map(Number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 7),
  )
  expect(recorder.counters).toMatchObject({ kept: 19, notKept: 1, queued: 0 })
  expect(keeper.problems[0]).toContain('NOT NULL')
})

describe('a thread that ends', () => {
  test('is started again, and what it had is sent again', async () => {
    const recorder = await started()
    let deaths = 0
    keeper.onKeep = (message) => (deaths++ === 0 ? keeper.die() : keeper.keep(message))
    for (let i = 0; i < 3; i++) recorder.record(call(i))
    await pass(1000)
    expect(keeper.kept).toEqual(['0', '1', '2'])
    expect(keeper.starts).toBe(2)
    expect(recorder.counters).toMatchObject({ kept: 3, notKept: 0, restarts: 1 })
    expect(keeper.problems).toEqual(['out of memory'])
  })

  test('who waits for it is told that the call is not kept', async () => {
    const recorder = await started()
    keeper.onKeep = () => keeper.die()
    const refused = expect(recorder.recordDurably(call(1))).rejects.toMatchObject({ code: 'store.not-kept' })
    await pass(1000)
    await refused
    expect(recorder.counters).toMatchObject({ notKept: 1, queued: 0 })
  })

  test('a batch over which it ends every time is given up, the others are kept', async () => {
    const recorder = await started()
    keeper.onKeep = (message) =>
      unpackCalls(message.values)[0]?.call.path === 'poison' ? keeper.die() : keeper.keep(message)
    recorder.record(call('poison'))
    await pass(5)
    recorder.record(call('good'))
    await pass(30_000)
    expect(keeper.kept).toEqual(['good'])
    expect(recorder.counters).toMatchObject({ kept: 1, notKept: 1, queued: 0, restarts: 3 })
  })

  test('while it cannot be started, nobody waits for ever, and the queue stays bounded', async () => {
    const recorder = await started({ maxQueuedCalls: 5 })
    keeper.onStart = () => keeper.die()
    keeper.die()
    for (let i = 0; i < 10; i++) recorder.record(call(i))
    const refused = expect(recorder.recordDurably(call('strict'))).rejects.toMatchObject({
      code: 'store.not-kept',
    })
    await pass(20_000)
    await refused
    expect(recorder.counters.queued).toBe(5)
    keeper.onStart = () => keeper.send({ kind: 'ready' })
    await pass(20_000)
    expect(recorder.counters).toMatchObject({ kept: 5, notKept: 6, queued: 0 })
  })
})

test('closing gives up after its grace, counts what is left, and refuses what comes later', async () => {
  const recorder = await started({ graceMs: 1000 })
  keeper.onKeep = () => undefined
  recorder.record(call(1))
  await pass(10)
  recorder.record(call(2))
  const closed = recorder.close()
  await pass(2000)
  await closed
  recorder.record(call(3))
  expect(recorder.counters).toMatchObject({ taken: 3, kept: 0, notKept: 3, queued: 0 })
})

test('a clock that is set back does not hold up calls that are tried again', async () => {
  const recorder = await started()
  keeper.onKeep = (message) => keeper.fail(message)
  recorder.record(call('a'))
  await pass(10)
  expect(keeper.kept).toEqual([])
  keeper.onKeep = (message) => keeper.keep(message)
  vi.setSystemTime(Date.now() - 3_600_000)
  await pass(200)
  expect(keeper.kept).toEqual(['a'])
})

test('new prices reach the thread that runs and the one that is started after it', async () => {
  const recorder = await started()
  await pass(1)
  recorder.reprice({ ...listPrices, date: '2030-01-01' })
  keeper.die()
  await pass(500)
  expect(keeper.starts).toBe(2)
  expect(keeper.priced).toEqual([listPrices.date, '2030-01-01', '2030-01-01'])
})

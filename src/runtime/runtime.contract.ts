/** What every runtime must do; a driver's test calls this with how it is made. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Runtime, Session } from './runtime.ts'
import { float32Tensor, floatsOf, int32Tensor } from './tensor.ts'
import { doubling, tinyTensor } from './tiny-onnx.contract.ts'

/** Runs the suite; `make` gives a runtime of so many workers. */
export function runtimeContract(make: (options: { workers: number }) => Runtime): void {
  let runtime: Runtime
  beforeEach(() => {
    runtime = make({ workers: 1 })
  })
  afterEach(() => runtime.dispose())

  const bytes = doubling(tinyTensor('w', [1], { data: Float32Array.of(0.5) }))
  const load = (name = 'doubling'): Promise<Session> =>
    runtime.load({ kind: 'bytes', bytes: bytes.slice() }, { name })
  const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i)
  const x = (data: Float32Array) => ({ x: float32Tensor([data.length], data) })

  describe('a session', () => {
    test('gives the outputs of the model, and the names and bytes of what it holds', async () => {
      const session = await load()
      const { y } = await session.run(x(numbers(3)))
      expect(y).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(0.5, 2.5, 4.5) })
      expect(session).toMatchObject({
        name: 'doubling',
        inputNames: ['x'],
        outputNames: ['y'],
        sizeBytes: bytes.length,
      })
    })

    test('leaves the inputs alone, views of a larger array too, unless they are given away', async () => {
      const session = await load()
      const whole = numbers(100)
      const { y } = await session.run(x(whole.subarray(10, 12)))
      expect(floatsOf(y, 'y')).toEqual(Float32Array.of(20.5, 22.5))
      expect(whole).toEqual(numbers(100))
      await session.run(x(whole), { give: true })
      expect(whole.length).toBe(0)
    })

    test('takes numbers from shared memory', async () => {
      const session = await load()
      const shared = new Float32Array(new SharedArrayBuffer(8))
      shared.set([1, 2])
      expect(floatsOf((await session.run(x(shared)))['y'], 'y')).toEqual(Float32Array.of(2.5, 4.5))
    })

    test('answers many runs at once, each its own', async () => {
      const [one, other] = [await load('one'), await load('other')]
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 ? one : other).run(x(Float32Array.of(i)))),
      )
      expect(answers.map(({ y }) => floatsOf(y, 'y')[0])).toEqual(
        Array.from({ length: 40 }, (_, i) => 2 * i + 0.5),
      )
    })

    test('names the model when the inputs do not fit it, and goes on afterwards', async () => {
      const session = await load('mail sorter')
      await expect(session.run({})).rejects.toMatchObject({
        code: 'runtime.run-failed',
        message: expect.stringMatching(/mail sorter.*'x' is missing/s),
      })
      await expect(session.run({ x: int32Tensor([1], Int32Array.of(1)) })).rejects.toThrow(/int32/)
      expect(floatsOf((await session.run(x(Float32Array.of(1))))['y'], 'y')[0]).toBe(2.5)
    })

    test('cannot run after it was released, and others go on', async () => {
      const [one, other] = [await load('one'), await load('other')]
      await Promise.all([one.run(x(numbers(2))), one.release()])
      await one.release()
      await expect(one.run(x(numbers(1)))).rejects.toThrow(/one was released/)
      expect(floatsOf((await other.run(x(numbers(1))))['y'], 'y')[0]).toBe(0.5)
    })
  })

  describe('loading', () => {
    test('names the model that is no model', async () => {
      const broken = runtime.load({ kind: 'bytes', bytes: Buffer.from('junk') }, { name: 'broken one' })
      await expect(broken).rejects.toMatchObject({
        code: 'runtime.model-unusable',
        message: expect.stringMatching(/broken one.*protobuf/),
      })
    })

    test('takes bytes that are given away without a copy, others stay', async () => {
      const [given, kept] = [bytes.slice(), bytes.slice()]
      await runtime.load({ kind: 'bytes', bytes: given }, { name: 'given', give: true })
      await runtime.load({ kind: 'bytes', bytes: kept }, { name: 'kept' })
      expect([given.length, kept.length]).toEqual([0, bytes.length])
    })

    test('reads a file with its weights in another beside it, where the runtime can', async ({ skip }) => {
      if (!runtime.can.load.includes('file')) skip('the runtime reads no files')
      const folder = await mkdtemp(join(tmpdir(), 'shoal-runtime-'))
      const model = doubling(tinyTensor('w', [1], { file: 'weights.bin', sizeBytes: 4 }))
      await writeFile(join(folder, 'model.onnx'), model)
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(7).buffer))
      const weights = [join(folder, 'weights.bin')]
      const path = join(folder, 'model.onnx')
      const session = await runtime.load({ kind: 'file', path, weights }, { name: 'f' })
      expect(floatsOf((await session.run(x(numbers(1))))['y'], 'y')[0]).toBe(7)
      expect(session.sizeBytes).toBe(model.length + 4)
      await session.release()
      await rm(folder, { recursive: true })
    })
  })

  describe('cancelling', () => {
    test('a run that waits leaves the queue; the one that has begun is dropped; the next is right', async () => {
      const session = await load()
      const [begun, waiting] = [new AbortController(), new AbortController()]
      const outcomes = Promise.allSettled([
        session.run(x(numbers(1000)), { signal: begun.signal }),
        session.run(x(numbers(10)), { signal: waiting.signal }),
        session.run(x(Float32Array.of(3))),
      ])
      waiting.abort()
      begun.abort()
      const [first, second, third] = await outcomes
      expect([first, second]).toMatchObject([
        { status: 'rejected', reason: { code: 'cancelled' } },
        { status: 'rejected', reason: { code: 'cancelled' } },
      ])
      expect(third).toMatchObject({ status: 'fulfilled', value: { y: { data: Float32Array.of(6.5) } } })
    })

    test('a signal that had fired before refuses the load and the run', async () => {
      const session = await load()
      const signal = AbortSignal.abort()
      await expect(session.run(x(numbers(1)), { signal })).rejects.toMatchObject({ code: 'cancelled' })
      const late = runtime.load({ kind: 'bytes', bytes: bytes.slice() }, { name: 'late', signal })
      await expect(late).rejects.toMatchObject({ code: 'cancelled' })
    })
  })

  test('disposing rejects what waits; a session from before is lost, and the next load starts anew', async () => {
    const session = await load('lost one')
    const waiting = Promise.allSettled([session.run(x(numbers(5))), session.run(x(numbers(5)))])
    await runtime.dispose()
    expect((await waiting).map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'runtime.worker-lost',
      'runtime.worker-lost',
    ])
    await expect(session.run(x(numbers(1)))).rejects.toMatchObject({ code: 'runtime.worker-lost' })
    const again = await load()
    expect(floatsOf((await again.run(x(numbers(1))))['y'], 'y')[0]).toBe(0.5)
  })

  test('sessions are spread over the workers', async () => {
    const wide = make({ workers: 2 })
    const sessions = await Promise.all(
      ['a', 'b', 'c'].map((name) => wide.load({ kind: 'bytes', bytes: bytes.slice() }, { name })),
    )
    const outputs = await Promise.all(sessions.map((session, i) => session.run(x(Float32Array.of(i)))))
    expect(outputs.map(({ y }) => floatsOf(y, 'y')[0])).toEqual([0.5, 2.5, 4.5])
    await wide.dispose()
  })
}

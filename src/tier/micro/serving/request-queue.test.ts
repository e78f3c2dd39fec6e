import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appError } from '../../../base/errors.ts'
import type { Session, Tensors } from '../../../runtime/runtime.ts'
import { float32Tensor, floatsOf } from '../../../runtime/tensor.ts'
import { planBatch } from './batch-plan.ts'
import { createRequestQueue, type RequestQueue, type TextRequest } from './request-queue.ts'
import type { Step } from './steps.ts'

interface Run {
  readonly rows: number
  readonly time: number
}

/** A session whose runs end when they are told to, or by themselves. */
function fakeSession(
  inputNames: readonly string[],
  compute: (inputs: Tensors) => Tensors,
): { readonly session: Session; readonly runs: Run[]; readonly ends: (() => void)[]; byHand: boolean } {
  const fake = { runs: [] as Run[], ends: [] as (() => void)[], byHand: false }
  const session: Session = {
    ...{ name: 'fake', inputNames, outputNames: [], sizeBytes: 1 },
    run: async (inputs) => {
      const [rows, time] = Object.values(inputs)[0]!.shape
      fake.runs.push({ rows: rows!, time: time ?? 0 })
      const outputs = compute(inputs)
      await (fake.byHand ? new Promise<void>((resolve) => fake.ends.push(resolve)) : Promise.resolve())
      return outputs
    },
    release: async () => {},
  }
  return Object.assign(fake, { session })
}

/** The sum of a text's ids in one number, which tells texts apart: [B, 1]. */
function sumsOf(inputs: Tensors): Tensors {
  const { ids, mask } = inputs
  const [rows, time] = ids!.shape
  const kept = floatsOf(mask, 'mask')
  const sums = Float32Array.from({ length: rows! }, (_, row) => {
    let sum = 0
    for (let at = row * time!; at < (row + 1) * time!; at++) sum += Number(ids!.data[at]) * kept[at]!
    return sum
  })
  return { hidden: float32Tensor([rows!, 1], sums) }
}

const plus = (amount: number) =>
  fakeSession(['hidden'], ({ hidden }) => ({
    out: float32Tensor(
      hidden!.shape,
      floatsOf(hidden, 'hidden').map((value) => value + amount),
    ),
  }))

const lower = () => fakeSession(['ids', 'mask'], sumsOf)

function request(texts: readonly Int32Array[], steps: readonly Step[], more: Partial<TextRequest> = {}) {
  const answers = new Float32Array(texts.length).fill(Number.NaN)
  const asked: TextRequest = {
    ...{ name: 'fake', padId: 0, texts, steps },
    take: ({ rows, outputs }) => {
      const values = floatsOf(outputs['out'] ?? outputs['hidden'], 'out')
      expect(values.length).toBe(rows.length)
      rows.forEach((row, i) => {
        expect(answers[row]).toBeNaN()
        answers[row] = values[i]!
      })
    },
    ...more,
  }
  return { asked, answers }
}

const text = (length: number, value = 1): Int32Array => new Int32Array(length).fill(value)
const sum = (ids: Int32Array): number => ids.reduce((total, id) => total + id, 0)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const ask = (queue: RequestQueue, { asked }: { asked: TextRequest }) => queue.ask(asked)

describe('a queue of requests', () => {
  test('gives every request its own answers, in any interleaving, through whatever steps', async () => {
    const texts = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 90 })), {
      minLength: 1,
      maxLength: 20,
    })
    const requests = fc.array(
      fc.record({ texts, upper: fc.integer({ min: 0, max: 3 }), wait: fc.nat(4), isCancelled: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        const base: Step = { session: lower().session }
        const uppers: readonly Step[] = [100, 200, 300].map((amount) => ({ session: plus(amount).session }))
        const queue = createRequestQueue({ limits: { rows: 4, tokens: 128 } })
        await Promise.all(
          all.map(async ({ texts, upper, wait, isCancelled }) => {
            for (let i = 0; i < wait; i++) await Promise.resolve()
            const own = uppers[upper - 1]
            const ids = texts.map(([length, value]) => text(length, value))
            const controller = new AbortController()
            const { asked, answers } = request(ids, own ? [base, own] : [base], { signal: controller.signal })
            const done = queue.ask(asked)
            if (isCancelled) {
              controller.abort()
              await expect(done).rejects.toMatchObject({ code: 'cancelled' })
            } else {
              await done
              expect([...answers]).toEqual(ids.map((one) => sum(one) + upper * 100))
            }
          }),
        )
        expect(queue.size).toBe(0)
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('starts the first at once, and those that come meanwhile together', async () => {
    const base = lower()
    base.byHand = true
    const queue = createRequestQueue()
    const steps = [{ session: base.session }]
    const first = ask(queue, request([text(5)], steps))
    expect(base.runs).toEqual([{ rows: 1, time: 5 }])
    const others = [5, 6, 5].map((length) => ask(queue, request([text(length)], steps)))
    expect(base.runs).toHaveLength(1)
    base.ends.shift()!()
    await first
    await turn()
    base.ends.shift()!()
    await Promise.all(others)
    expect(base.runs[1]).toEqual({ rows: 3, time: 6 })
  })

  test('lets a caller of one text go before the rest of one with many', async () => {
    const base = lower()
    const order: string[] = []
    const queue = createRequestQueue({ limits: { rows: 4, tokens: 64 } })
    const steps = [{ session: base.session }]
    const many = ask(
      queue,
      request(
        Array.from({ length: 40 }, () => text(4)),
        steps,
      ),
    ).then(() => order.push('many'))
    const one = ask(queue, request([text(9)], steps)).then(() => order.push('one'))
    await Promise.all([many, one])
    expect(order).toEqual(['one', 'many'])
  })

  test('drops a cancelled request that waits, and does not run it', async () => {
    const base = lower()
    base.byHand = true
    const queue = createRequestQueue()
    const steps = [{ session: base.session }]
    const first = ask(queue, request([text(5)], steps))
    const controller = new AbortController()
    const second = ask(queue, request([text(7)], steps, { signal: controller.signal }))
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    base.ends.shift()!()
    await first
    expect(base.runs).toHaveLength(1)
    expect(queue.size).toBe(0)
  })

  test('refuses a request when too many wait, and takes the next when they are done', async () => {
    const base = lower()
    base.byHand = true
    const queue = createRequestQueue({ mostWaiting: 2 })
    const steps = [{ session: base.session }]
    const taken = Array.from({ length: 3 }, () => ask(queue, request([text(5)], steps)))
    await expect(ask(queue, request([text(5)], steps))).rejects.toMatchObject({ code: 'micro.busy' })
    base.byHand = false
    base.ends.shift()!()
    await Promise.all(taken)
    await ask(queue, request([text(5)], steps))
  })

  test('refuses a request that would wait too long by what the last ones took', async () => {
    const base = lower()
    base.byHand = true
    const queue = createRequestQueue({ mostWaitMs: 20 })
    const steps = [{ session: base.session }]
    const first = ask(queue, request([text(5)], steps))
    await new Promise((resolve) => setTimeout(resolve, 30))
    base.ends.shift()!()
    await first
    await turn()
    const taken = [ask(queue, request([text(5)], steps)), ask(queue, request([text(5)], steps))]
    await expect(ask(queue, request([text(5)], steps))).rejects.toMatchObject({ code: 'micro.busy' })
    base.byHand = false
    base.ends.shift()!()
    await Promise.all(taken)
  })

  test('an error of one specialist is its own', async () => {
    const base: Step = { session: lower().session }
    const broken: Step = {
      session: fakeSession(['hidden'], () => {
        throw appError('runtime.run-failed', { model: 'broken', problem: 'it is broken' })
      }).session,
    }
    const whole: Step = { session: plus(1).session }
    const queue = createRequestQueue()
    const first = ask(queue, request([text(2)], [base, whole]))
    const [bad, good] = [request([text(3)], [base, broken]), request([text(3)], [base, whole])]
    const asked = [ask(queue, bad), ask(queue, good)]
    await expect(asked[0]).rejects.toMatchObject({ code: 'runtime.run-failed' })
    await Promise.all([first, asked[1]])
    expect([...good.answers]).toEqual([4])
    expect(queue.size).toBe(0)
  })
})

describe('a batch', () => {
  const group = {}
  const waiting = (...lengths: readonly number[]) => ({ group, lengths, begun: 0 })
  const limits = { rows: 8, tokens: 256 }

  test('leaves out what is much longer or much shorter', () => {
    const plan = planBatch([waiting(10), waiting(200), waiting(12), waiting(11)], limits)
    expect(plan).toMatchObject({ time: 12, isFull: false })
    expect(plan.taken.map(({ at }) => at)).toEqual([0, 2, 3])
    expect(planBatch([waiting(200), waiting(10)], limits)).toMatchObject({
      time: 200,
      taken: [{ at: 0, count: 1 }],
    })
  })

  test('keeps within its tokens, but for a single long text', () => {
    expect(planBatch([waiting(100, 100, 100)], limits)).toMatchObject({ taken: [{ count: 2 }], isFull: true })
    expect(planBatch([waiting(500, 500)], limits)).toMatchObject({ taken: [{ count: 1 }], isFull: true })
  })

  test('holds no text of another group', () => {
    const other = { group: {}, lengths: [10], begun: 0 }
    expect(planBatch([waiting(10), other, waiting(10)], limits).taken.map(({ at }) => at)).toEqual([0, 2])
  })

  test('never pads a text that is padded by its own length alone to that of another', () => {
    const stepped = { ...waiting(10), step: 4 }
    expect(planBatch([waiting(11), stepped, waiting(11)], limits).taken.map(({ at }) => at)).toEqual([0, 2])
    expect(planBatch([stepped, waiting(12), stepped], limits)).toMatchObject({
      time: 12,
      taken: [{ at: 0 }, { at: 2 }],
    })
  })
})

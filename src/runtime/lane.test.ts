import { expect, test } from 'vitest'
import { createLane, type Lane, type WorkerPort } from './lane.ts'
import type { Answer } from './session-messages.ts'

/** A worker that answers when it is told to. */
function fakeWorker() {
  let answer: (answer: Answer) => void = () => {}
  let end: (problem: string) => void = () => {}
  const port: WorkerPort = {
    post: () => {},
    onAnswer: (listener) => {
      answer = listener
    },
    onEnd: (listener) => {
      end = listener
    },
    hold: () => {},
    end: async () => end('it was ended'),
  }
  return { port, answers: () => answer({ kind: 'released' }), ends: (problem: string) => end(problem) }
}

const ask = (lane: Lane, signal?: AbortSignal): Promise<Answer> =>
  lane.ask({ request: { kind: 'release', session: 1 }, name: 'm', transfer: [], ...(signal && { signal }) })

test('where a worker cannot even be started the request says so, and those after it do not wait for it', async () => {
  const worker = fakeWorker()
  let starts = 0
  const lane = createLane(() => {
    starts++
    if (starts === 1) throw new Error('no thread can be started')
    return worker.port
  })
  await expect(ask(lane)).rejects.toThrow('no thread can be started')
  const second = ask(lane)
  expect(lane.waiting).toBe(1)
  worker.answers()
  await expect(second).resolves.toEqual({ kind: 'released' })
  expect(lane.waiting).toBe(0)
})

test('requests that wait when a worker ends are all rejected, and the next one starts another', async () => {
  const workers = [fakeWorker(), fakeWorker()]
  let starts = 0
  const lane = createLane(() => workers[starts++]!.port)
  const both = [ask(lane), ask(lane)]
  workers[0]!.ends('it ran out of memory')
  for (const one of both) await expect(one).rejects.toThrow('it ran out of memory')
  const next = ask(lane)
  workers[1]!.answers()
  await expect(next).resolves.toEqual({ kind: 'released' })
})

test('a signal that outlives many requests gathers no listeners', async () => {
  const worker = fakeWorker()
  const lane = createLane(() => worker.port)
  const cancel = new AbortController()
  let listeners = 0
  const { addEventListener, removeEventListener } = cancel.signal
  cancel.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++
    addEventListener.apply(cancel.signal, args)
  }
  cancel.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--
    removeEventListener.apply(cancel.signal, args)
  }
  for (let request = 0; request < 5; request++) {
    const asked = ask(lane, cancel.signal)
    worker.answers()
    await asked
  }
  expect(listeners).toBe(0)
})

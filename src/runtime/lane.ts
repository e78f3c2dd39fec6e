/** One worker and the requests that wait for it, done one at a time; it is started with the first, and again after it ended. */
import { appError } from '../base/errors.ts'
import { unpackError } from './carried-error.ts'
import type { Answer, Request } from './session-messages.ts'

/** A worker as a lane sees it. */
export interface WorkerPort {
  post(request: Request, transfer: readonly ArrayBuffer[]): void
  onAnswer(listener: (answer: Answer) => void): void
  /** Called once, when the worker has ended, with the reason. */
  onEnd(listener: (problem: string) => void): void
  /** While true, the worker keeps the process alive. */
  hold(busy: boolean): void
  end(): Promise<void>
}

export interface LaneRequest {
  readonly request: Request
  /** What errors call the model. */
  readonly name: string
  readonly transfer: readonly ArrayBuffer[]
  readonly signal?: AbortSignal | undefined
  /** The worker that must do it: a number that `generation` gave. */
  readonly generation?: number
}

export interface Lane {
  /** Requests that wait or are being done, and sessions: how busy it is. */
  readonly waiting: number
  /** Counts the workers that this lane has had; a session is lost when its worker is not the present one. */
  readonly generation: number
  ask(wanted: LaneRequest): Promise<Answer>
  end(): Promise<void>
}

interface Waiting extends LaneRequest {
  settle(outcome: Answer | Error): void
}

/** A lane whose workers `start` makes. */
export function createLane(start: () => WorkerPort): Lane {
  const queue: Waiting[] = []
  let port: WorkerPort | undefined
  let current: Waiting | undefined
  let generation = 0

  function open(): WorkerPort {
    const opened = start()
    opened.onAnswer((answer) => {
      const answered = current
      current = undefined
      next()
      answered?.settle(answer)
    })
    opened.onEnd((problem) => lost(opened, problem))
    return opened
  }

  function lost(ended: WorkerPort, problem: string): void {
    if (port !== ended) return
    port = undefined
    generation++
    const hit = [...(current ? [current] : []), ...queue.splice(0)]
    current = undefined
    for (const { name, settle } of hit) settle(appError('runtime.worker-lost', { model: name, problem }))
  }

  function next(): void {
    current = queue.shift()
    if (!current) {
      port?.hold(false)
      return
    }
    try {
      port ??= open()
      port.hold(true)
      port.post(current.request, current.transfer)
    } catch (cause) {
      const failed = current
      queueMicrotask(next)
      failed.settle(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  const ask = (wanted: LaneRequest): Promise<Answer> => {
    if (wanted.generation !== undefined && wanted.generation !== generation)
      return Promise.reject(
        appError('runtime.worker-lost', { model: wanted.name, problem: 'it ended before this request' }),
      )
    const answer = enqueue(queue, wanted)
    if (!current) next()
    return answer
  }

  return {
    get waiting() {
      return queue.length + (current ? 1 : 0)
    },
    get generation() {
      return generation
    },
    ask,
    async end() {
      const ended = port
      if (!ended) return
      lost(ended, 'the runtime was disposed of')
      await ended.end()
    },
  }
}

/** Puts a request at the end of the queue; its signal takes it out again, or leaves what has begun without a listener. */
function enqueue(queue: Waiting[], wanted: LaneRequest): Promise<Answer> {
  const { signal, name } = wanted
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelledRun(name))
    const waiting: Waiting = {
      ...wanted,
      settle(outcome) {
        signal?.removeEventListener('abort', leave)
        if (outcome instanceof Error) reject(outcome)
        else if (outcome.kind === 'failed') reject(unpackError(outcome.error))
        else resolve(outcome)
      },
    }
    const leave = (): void => {
      const at = queue.indexOf(waiting)
      if (at >= 0) queue.splice(at, 1)
      reject(cancelledRun(name))
    }
    signal?.addEventListener('abort', leave, { once: true })
    queue.push(waiting)
  })
}

function cancelledRun(name: string): Error {
  return appError('cancelled', { doing: `running ${name}` })
}

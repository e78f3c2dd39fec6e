// The texts that wait for one runtime: batches are formed of what has come while another was under way. The first of a
// quiet moment goes at once, and nobody waits for company.
import { type AppError, appError, throwIfCancelled } from '../../../base/errors.ts'
import type { EncodedBatch, EncodeOptions } from '../../../model/encoder/encoder-session.ts'
import { type BatchPlan, type PlanLimits, planBatch, type WaitingTexts } from './batch-plan.ts'
import { type BatchPart, runSteps, type Step } from './steps.ts'

/** Texts to run through sessions one after another. */
export interface TextRequest extends Pick<EncodeOptions, 'signal' | 'progress' | 'stage' | 'also'> {
  /** What errors call the model. */
  readonly name: string
  readonly steps: readonly Step[]
  readonly padId: number
  /** As {@link WaitingTexts.step}. */
  readonly step?: number
  readonly texts: readonly Int32Array[]
  /** Gets the texts in batches, shortest first. */
  readonly take: (batch: EncodedBatch) => void
}

export interface QueueOptions {
  /** Batches that are computed at one moment; 1 by default. */
  readonly workers?: number
  readonly limits?: PlanLimits
  /** Requests that wait, at most; one more is refused. */
  readonly mostWaiting?: number
  /** A request that would have to wait longer, by what the last batches took, is refused. */
  readonly mostWaitMs?: number
}

export interface RequestQueue {
  /** Requests that wait or are under way. */
  readonly size: number
  /** Resolves when `take` has had all texts; throws `micro.busy`, `cancelled` and what the sessions throw. */
  ask(request: TextRequest): Promise<void>
}

interface Waiting extends WaitingTexts {
  readonly request: TextRequest
  /** Rows by length, as `lengths` has them. */
  readonly order: Int32Array
  begun: number
  done: number
  /** Ends it, well where no cause is given; what comes later of it is dropped. */
  settle(cause?: unknown): void
}

interface Queue extends Required<QueueOptions> {
  /** All that have not ended. */
  readonly open: Set<Waiting>
  /** Those with texts that are not under way, in their order. */
  waiting: readonly Waiting[]
  running: number
  msPerToken: number
}

const usual: Required<QueueOptions> = {
  workers: 1,
  // Small batches stay in the processor's caches, and the next caller is not kept waiting by a large one.
  limits: { rows: 16, tokens: 2048 },
  mostWaiting: 1024,
  mostWaitMs: 1000,
}

/** A queue in which nothing waits. */
export function createRequestQueue(options: QueueOptions = {}): RequestQueue {
  const queue: Queue = { ...usual, ...options, open: new Set(), waiting: [], running: 0, msPerToken: 0 }
  return {
    get size() {
      return queue.open.size
    },
    ask: (request) => ask(queue, request),
  }
}

async function ask(queue: Queue, request: TextRequest): Promise<void> {
  throwIfCancelled(request.signal, `running ${request.name}`)
  if (request.texts.length === 0) return
  const refusal = refusalOf(queue, request)
  if (refusal) throw refusal
  await new Promise<void>((resolve, reject) => {
    const waiting = waitingOf(request, (cause) => {
      if (!queue.open.delete(waiting)) return
      request.signal?.removeEventListener('abort', leave)
      if (cause === undefined) resolve()
      else {
        queue.waiting = queue.waiting.filter((one) => one !== waiting)
        reject(cause)
      }
    })
    const leave = (): void => waiting.settle(appError('cancelled', { doing: `running ${request.name}` }))
    request.signal?.addEventListener('abort', leave, { once: true })
    queue.open.add(waiting)
    queue.waiting = [...queue.waiting, waiting]
    advance(queue)
  })
}

function waitingOf(request: TextRequest, settle: Waiting['settle']): Waiting {
  const { texts, steps, step } = request
  const order = Int32Array.from(texts.keys()).sort((a, b) => texts[a]!.length - texts[b]!.length || a - b)
  const lengths = order.map((row) => texts[row]!.length)
  return {
    group: steps[0]!,
    lengths,
    begun: 0,
    request,
    order,
    done: 0,
    settle,
    ...(step !== undefined && { step }),
  }
}

/** Of each request that waits one batch at most goes before a new one. */
function refusalOf(queue: Queue, { name }: TextRequest): AppError | undefined {
  const { waiting, limits, msPerToken, mostWaiting, mostWaitMs, workers } = queue
  const tokens = waiting.reduce((sum, { lengths, begun }) => {
    const next = lengths[begun]! * Math.min(limits.rows, lengths.length - begun)
    return sum + Math.min(next, Math.max(limits.tokens, lengths[begun]!))
  }, 0)
  const waitMs = Math.round((tokens * msPerToken) / workers)
  if (waiting.length < mostWaiting && waitMs <= mostWaitMs) return undefined
  return appError('micro.busy', { model: name, waiting: waiting.length, wait: `${waitMs} ms` })
}

/** A full batch may stand ready behind one that is computed; others still grow. */
function advance(queue: Queue): void {
  while (queue.waiting.length > 0 && queue.running < 2 * queue.workers) {
    const plan = planBatch(queue.waiting, queue.limits)
    if (queue.running >= queue.workers && !plan.isFull) return
    void start(queue, plan)
  }
}

async function start(queue: Queue, { taken, time }: BatchPlan): Promise<void> {
  const chosen = taken.map(({ at, count }) => ({ waiting: queue.waiting[at]!, count }))
  const parts = chosen.map(({ waiting, count }) => partOf(waiting, count))
  // What has more texts goes behind those that have not had their turn.
  const turned = chosen.map(({ waiting }) => waiting)
  queue.waiting = [...queue.waiting.filter((one) => !turned.includes(one)), ...turned].filter(
    ({ begun, lengths }) => begun < lengths.length,
  )
  queue.running++
  const began = performance.now()
  await runSteps(parts, time)
  const rows = chosen.reduce((sum, { count }) => sum + count, 0)
  const took = (performance.now() - began) / (time * rows)
  queue.msPerToken = queue.msPerToken === 0 ? took : 0.9 * queue.msPerToken + 0.1 * took
  queue.running--
  advance(queue)
}

function partOf(waiting: Waiting, count: number): BatchPart {
  const { request, order, begun, settle } = waiting
  const { steps, padId, texts, also = {}, take, progress, stage = 'encoding' } = request
  waiting.begun += count
  return {
    ...{ steps, padId, texts, also },
    rows: order.subarray(begun, begun + count),
    deliver: (batch) => {
      if (request.signal?.aborted) return
      try {
        take(batch)
        waiting.done += count
        progress?.({ stage, done: waiting.done, total: texts.length })
        if (waiting.done === texts.length) settle()
      } catch (cause) {
        settle(cause)
      }
    },
    fail: settle,
  }
}

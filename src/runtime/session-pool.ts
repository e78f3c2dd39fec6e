/** A runtime over workers: places each session in the lane with the fewest and asks it there. */
import { assert } from '../base/errors.ts'
import { createLane, type Lane, type WorkerPort } from './lane.ts'
import type { LoadOptions, ModelSource, RunOptions, Runtime, Session, Tensors } from './runtime.ts'
import { type Answer, buffersOf, compacted } from './session-messages.ts'

export interface SessionPoolOptions {
  readonly name: string
  readonly can: Runtime['can']
  /** How many workers there are at most; each is started when its first session is loaded. */
  readonly workers: number
  startWorker(): WorkerPort
}

interface Seat {
  readonly lane: Lane
  readonly sessions: Set<number>
}

/** The part of a runtime that is the same wherever its workers run. */
export function createSessionPool(options: SessionPoolOptions): Runtime {
  const seats: readonly Seat[] = Array.from({ length: options.workers }, () => ({
    lane: createLane(() => options.startWorker()),
    sessions: new Set(),
  }))
  let loaded = 0

  async function load(source: ModelSource, settings: LoadOptions): Promise<Session> {
    const session = ++loaded
    const seat = leastUsed(seats)
    seat.sessions.add(session)
    try {
      return await loadInto(seat, session, source, settings)
    } catch (cause) {
      seat.sessions.delete(session)
      throw cause
    }
  }

  return {
    name: options.name,
    can: options.can,
    load,
    async dispose() {
      for (const { sessions } of seats) sessions.clear()
      await Promise.all(seats.map(({ lane }) => lane.end()))
    },
  }
}

function leastUsed(seats: readonly Seat[]): Seat {
  const [first, ...others] = seats
  assert(first, 'a pool of sessions has at least one worker')
  return others.reduce((least, seat) => (seat.sessions.size < least.sessions.size ? seat : least), first)
}

async function loadInto(
  seat: Seat,
  session: number,
  source: ModelSource,
  { name, threads, spinning, give, signal }: LoadOptions,
): Promise<Session> {
  const own = source.kind === 'bytes' ? { ...source, bytes: compactedBytes(source.bytes) } : source
  const transfer =
    own.kind === 'bytes' && (give || (source.kind === 'bytes' && own.bytes !== source.bytes))
      ? [own.bytes.buffer as ArrayBuffer]
      : []
  const settings = {
    name,
    ...(threads !== undefined && { threads }),
    ...(spinning !== undefined && { spinning }),
  }
  const asked = seat.lane.ask({
    request: { kind: 'load', session, source: own, settings },
    name,
    transfer,
    signal,
  })
  const { lane } = seat
  const generation = lane.generation
  let answer: Answer
  try {
    answer = await asked
  } catch (cause) {
    // A model whose loading was cancelled while it was going on is in the worker nevertheless.
    if (signal?.aborted) void releaseLater(lane, session, name, generation)
    throw cause
  }
  assert(answer.kind === 'loaded', 'a load was answered by something else')
  return openSession({ seat, session, name, generation, about: answer.about })
}

/** What was never loaded cannot be released; either way nothing waits for it. */
async function releaseLater(lane: Lane, session: number, name: string, generation: number): Promise<void> {
  const request = { kind: 'release', session } as const
  await lane.ask({ request, name, transfer: [], generation }).catch(() => undefined)
}

interface SessionParts {
  readonly seat: Seat
  readonly session: number
  readonly name: string
  readonly generation: number
  readonly about: { inputNames: readonly string[]; outputNames: readonly string[]; sizeBytes: number }
}

function openSession({ seat, session, name, generation, about }: SessionParts): Session {
  const { lane, sessions } = seat
  let released = false

  async function run(inputs: Tensors, { signal, give, outputs }: RunOptions = {}): Promise<Tensors> {
    assert(!released, `the session of ${name} was released and cannot run`)
    const own = compacted(inputs)
    const answer = await lane.ask({
      request: { kind: 'run', session, inputs: own, ...(outputs && { outputs }) },
      name,
      transfer: give ? buffersOf(own) : [],
      signal,
      generation,
    })
    assert(answer.kind === 'ran', 'a run was answered by something else')
    return answer.outputs
  }

  async function release(): Promise<void> {
    if (released) return
    released = true
    sessions.delete(session)
    if (generation !== lane.generation) return
    await lane.ask({ request: { kind: 'release', session }, name, transfer: [], generation })
  }

  return { name, ...about, run, release }
}

/** The bytes on memory of their own size: a posted view would take its whole buffer along. */
function compactedBytes(bytes: Uint8Array): Uint8Array {
  const whole = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.byteLength
  return whole ? bytes : new Uint8Array(bytes)
}

/** Holds the sessions of one worker and answers its requests, whatever kind of worker it is. */
import { appError, assert } from '../base/errors.ts'
import { packError } from './carried-error.ts'
import { fromOrt, type OrtLibrary, type OrtSession, sessionOptions } from './ort-library.ts'
import type { ModelSource, Tensors } from './runtime.ts'
import type { Answer, Request } from './session-messages.ts'

export interface SessionHostOptions {
  /** Asked once, with the first model; throws where ONNX Runtime is missing or cannot be loaded. */
  openLibrary(): Promise<OrtLibrary>
  /** Bytes of a model with its external data. */
  sizeBytesOf(source: ModelSource): Promise<number>
}

interface Held {
  readonly name: string
  readonly session: OrtSession
}

/** Answers a request; never throws, what goes wrong is an answer too. */
export function createSessionHost(options: SessionHostOptions): (request: Request) => Promise<Answer> {
  const held = new Map<number, Held>()
  let opening: Promise<OrtLibrary> | undefined
  const library = (): Promise<OrtLibrary> => {
    opening ??= options.openLibrary()
    return opening
  }

  async function load({ session, source, settings }: Request & { kind: 'load' }): Promise<Answer> {
    const { InferenceSession } = await library()
    const wanted = sessionOptions(settings.threads ?? 1, settings.spinning ?? false)
    const model = source.kind === 'file' ? source.path : source.bytes
    try {
      const sizeBytes = await options.sizeBytesOf(source)
      const created = await InferenceSession.create(model, wanted)
      held.set(session, { name: settings.name, session: created })
      const { inputNames, outputNames } = created
      return {
        kind: 'loaded',
        about: { inputNames: [...inputNames], outputNames: [...outputNames], sizeBytes },
      }
    } catch (cause) {
      throw appError('runtime.model-unusable', { model: settings.name, problem: problemOf(cause) }, cause)
    }
  }

  async function run({ session, inputs, outputs }: Request & { kind: 'run' }): Promise<Answer> {
    const { name, session: found } = heldSession(session)
    try {
      return { kind: 'ran', outputs: await runSession(await library(), found, inputs, outputs) }
    } catch (cause) {
      throw appError('runtime.run-failed', { model: name, problem: problemOf(cause) }, cause)
    }
  }

  async function release({ session }: Request & { kind: 'release' }): Promise<Answer> {
    const { session: found } = heldSession(session)
    held.delete(session)
    await found.release()
    return { kind: 'released' }
  }

  function heldSession(session: number): Held {
    const found = held.get(session)
    assert(found, `the session ${session} is not in this worker`)
    return found
  }

  return async (request) => {
    try {
      if (request.kind === 'load') return await load(request)
      return request.kind === 'run' ? await run(request) : await release(request)
    } catch (cause) {
      return { kind: 'failed', error: packError(cause) }
    }
  }
}

/** One run of a session in this thread, which it blocks. */
export async function runSession(
  library: OrtLibrary,
  session: OrtSession,
  inputs: Tensors,
  outputs?: readonly string[],
): Promise<Tensors> {
  const feeds = Object.entries(inputs).map(([name, { dtype, data, shape }]) => [
    name,
    new library.Tensor(dtype, data, shape),
  ])
  const results = await session.run(Object.fromEntries(feeds), outputs)
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, fromOrt(result)]))
}

/** What ONNX Runtime says, as a part of a sentence. */
export function problemOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim().replace(/\.$/, '')
}

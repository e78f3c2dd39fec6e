/** The demonstration's loop: mail flows; at a number of kept calls a specialist is trained in a process of its own and promoted. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import type { Serving } from '../../gateway/serving.ts'
import type { Certificate } from '../../trust/certificate.ts'
import type { Outside } from './outside-thread.ts'
import { demoTask } from './prompt.ts'
import { type DemoState, noteResult } from './state.ts'
import type { DemoView } from './view.ts'

export interface LoopOptions {
  readonly state: DemoState
  readonly view: DemoView
  readonly serving: Serving
  readonly outside: Outside
  /** The demonstration's data folder. */
  readonly folder: string
  readonly signal: AbortSignal
}

const drawEveryMs = 100

/** Runs until every mail is answered and the training has ended. */
export async function runLoop(options: LoopOptions): Promise<void> {
  const { state, view, outside, serving, signal } = options
  let training: Promise<void> | undefined
  const drawing = setInterval(() => view.draw(state), drawEveryMs)
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(appError('cancelled', { doing: 'demonstrating' })), {
      once: true,
    })
  })
  try {
    throwIfCancelled(signal, 'demonstrating')
    const sent = outside.send(`${serving.url}/v1`, (results) => {
      for (const result of results) noteResult(state, result)
      const { phase } = state
      if (phase.kind === 'gathering' && state.upstream.calls >= phase.needed)
        training = trainAndPromote(options)
    })
    await Promise.race([sent.then(() => training), stopped])
  } finally {
    clearInterval(drawing)
  }
}

/** What `shoal train --json` prints, as far as it is read here. */
interface TrainOutput {
  readonly specialist: string
  readonly promoted: boolean
  readonly card: { readonly certificate: Certificate }
}

/** The same command that a user would type, in a process of its own: the gateway keeps its core. */
async function trainAndPromote({ state, serving, outside, folder, signal }: LoopOptions): Promise<void> {
  const began = performance.now()
  const { callsPerSecond, callsPerSecondInTraining } = state.stated
  state.phase = { kind: 'training', sinceMs: began }
  outside.goOn({ callsPerSecond: callsPerSecondInTraining, namesTask: true })
  await serving.recorder.flush()
  const { specialist, promoted, card } = await runTraining(folder, signal)
  const { certificate } = card
  outside.goOn({ callsPerSecond, namesTask: !promoted })
  if (!promoted) {
    state.phase = {
      kind: 'not-promoted',
      why: certificate.refusal ?? 'its certificate lets it answer nothing',
    }
    return
  }
  state.phase = { kind: 'serving', specialist, trainedInMs: performance.now() - began, certificate }
}

async function runTraining(folder: string, signal: AbortSignal): Promise<TrainOutput> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  const args = [main, 'train', demoTask, '--promote', '--json']
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, SHOAL_HOME: folder },
      signal,
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(stdout)
  } catch (cause) {
    throwIfCancelled(signal, 'demonstrating')
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw appError('demo.step-failed', { step: 'training', problem }, cause)
  }
}

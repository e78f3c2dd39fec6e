/** ONNX models on Node: onnxruntime-node in worker threads. */
import type { Worker } from 'node:worker_threads'
import { startWorker } from '../base/worker.ts'
import type { WorkerPort } from './lane.ts'
import type { OnnxRuntimeOptions } from './resolve-onnx-runtime.ts'
import type { Runtime } from './runtime.ts'
import type { EndRequest } from './session-messages.ts'
import { createSessionPool } from './session-pool.ts'

export interface OnnxNodeOptions extends OnnxRuntimeOptions {
  /** Worker threads at most; 1 by default. Sessions are spread over them, each is in one. */
  readonly workers?: number
}

/** A runtime that starts nothing, and looks for ONNX Runtime, only when the first model is loaded. */
export function createOnnxNodeRuntime(options: OnnxNodeOptions = {}): Runtime {
  const data = { folder: options.folder }
  return createSessionPool({
    name: 'onnx-node',
    can: { load: ['bytes', 'file'] },
    workers: options.workers ?? 1,
    startWorker: () =>
      portOf(startWorker(new URL('./onnx-node.worker.ts', import.meta.url), { data, name: 'onnx' })),
  })
}

function portOf(worker: Worker): WorkerPort {
  let problem: string | undefined
  worker.on('error', (cause) => {
    problem = cause instanceof Error ? cause.message : String(cause)
  })
  return {
    post: (request, transfer) => worker.postMessage(request, [...transfer]),
    onAnswer: (listener) => worker.on('message', listener),
    onEnd: (listener) => worker.once('exit', (code) => listener(problem ?? `it ended with the code ${code}`)),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    // Terminating a thread while ONNX Runtime computes in it aborts the whole process.
    end: () =>
      new Promise((resolve) => {
        worker.ref()
        worker.once('exit', () => resolve())
        worker.postMessage({ kind: 'end' } satisfies EndRequest)
      }),
  }
}

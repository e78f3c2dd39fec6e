/** A worker thread with ONNX sessions in it. */
import { stat } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { loadOnnxRuntime } from './resolve-onnx-runtime.ts'
import type { ModelSource } from './runtime.ts'
import { createSessionHost } from './session-host.ts'
import { buffersOf, type EndRequest, type Request } from './session-messages.ts'

const folder: unknown = workerData?.folder
const answer = createSessionHost({
  openLibrary: () => loadOnnxRuntime(typeof folder === 'string' ? { folder } : {}),
  async sizeBytesOf(source: ModelSource) {
    if (source.kind === 'bytes') return source.bytes.byteLength
    const files = await Promise.all([source.path, ...(source.weights ?? [])].map((path) => stat(path)))
    return files.reduce((sum, { size }) => sum + size, 0)
  },
})

parentPort?.on('message', async (request: Request | EndRequest) => {
  if (request.kind === 'end') return parentPort?.close()
  const answered = await answer(request)
  parentPort?.postMessage(answered, answered.kind === 'ran' ? [...buffersOf(answered.outputs)] : [])
})

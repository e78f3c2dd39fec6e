/** The base models that benches of the micro tier begin from: those pulled into `SHOAL_HOME`. */
import { join } from 'node:path'
import { baseOpener } from '../src/registry/models/open-base.ts'
import { createOnnxNodeRuntime } from '../src/runtime/onnx-node.ts'
import type { MicroTierOptions } from '../src/tier/micro/micro-tier.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'

/** Does something with base models and a runtime, and ends the runtime's workers after it. */
export async function withMicroParts<T>(
  work: (parts: Pick<MicroTierOptions, 'openBase' | 'runtime' | 'words'>) => Promise<T>,
): Promise<T> {
  const home = process.env['SHOAL_HOME']
  if (home === undefined)
    throw new Error(
      'Set SHOAL_HOME to a folder into which minilm and bge-small-zh were pulled (`shoal models pull`).',
    )
  const runtime = createOnnxNodeRuntime({ workers: 1 })
  try {
    return await work({ openBase: baseOpener(join(home, 'registry')), runtime, words: createNanoTier() })
  } finally {
    await runtime.dispose()
  }
}

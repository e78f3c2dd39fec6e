/** The tiers that commands train with and load: what is installed here, and nothing that is not. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { AppError, appError } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { baseOpener, pullingOpener } from '../registry/models/open-base.ts'
import { createOnnxNodeRuntime } from '../runtime/onnx-node.ts'
import { resolveOnnxRuntime } from '../runtime/resolve-onnx-runtime.ts'
import { createMicroTier, servingOptions } from '../tier/micro/micro-tier.ts'
import { createMicroServing, type MicroServing } from '../tier/micro/serving/serving.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import type { Tier } from '../tier/tier.ts'
import type { Home } from '../trace/home.ts'

export interface Tiers {
  readonly nano: Tier
  /** Absent: ONNX Runtime is not here. */
  readonly micro?: Tier
  /** What holds the weights of base encoders; absent as micro is. */
  readonly serving?: MicroServing
}

export interface TierPlaces {
  readonly home: Pick<Home, 'registryFolder' | 'cacheFolder' | 'runtimeFolder'>
  /** Present: a base model with an alias that is not here is fetched, and this is how it is stopped and reports. */
  readonly pulling?: WorkOptions
}

/** Threads that one batch of texts is computed with: more bring little for texts of a few dozen tokens. */
const mostServingThreads = 4

/** Opens the tiers; none of them reads anything before it is used. */
export async function openTiers({ home, pulling }: TierPlaces): Promise<Tiers> {
  const nano = createNanoTier()
  const { registryFolder, cacheFolder, runtimeFolder } = home
  if (!(await hasOnnxRuntime(runtimeFolder))) return { nano }
  const openBase = pulling
    ? pullingOpener({
        ...{ registryFolder, downloadsFolder: join(cacheFolder, 'downloads'), environment: process.env },
        ...pulling,
      })
    : baseOpener(registryFolder)
  const runtime = createOnnxNodeRuntime({ folder: runtimeFolder })
  const threads = Math.min(mostServingThreads, availableParallelism())
  const serving = createMicroServing(servingOptions({ openBase, runtime, threads }))
  return { nano, micro: createMicroTier({ openBase, runtime, runtimeFolder, serving, words: nano }), serving }
}

async function hasOnnxRuntime(folder: string): Promise<boolean> {
  try {
    await resolveOnnxRuntime({ folder })
    return true
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'runtime.missing') return false
    throw cause
  }
}

/** All of them, to load any version with. */
export function everyTier({ nano, micro }: Tiers): readonly Tier[] {
  return micro ? [nano, micro] : [nano]
}

/** A tier by its name; throws `train.tier-missing` where it is not here. */
export function tierNamed(tiers: Tiers, name: 'nano' | 'micro'): Tier {
  const tier = tiers[name]
  if (tier) return tier
  throw appError('train.tier-missing', { tier: name })
}

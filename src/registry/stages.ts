/** The versions before the last one of a cascade: they must still be what they were when it was published. */
import { appError } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { LoadedSpecialist, Manifest } from './registry.ts'

type Described = Pick<LoadedSpecialist, 'manifest' | 'digest'>

/**
 * Looks at the versions that a manifest names before it, in their order, and gives what is known of them. Throws
 * `registry.stage-missing` where one is gone, another than it was, or damaged.
 */
export async function checkBefore(
  { id, before = [] }: Pick<Manifest, 'id' | 'before'>,
  look: (id: SpecialistId) => Promise<Described>,
): Promise<readonly Described[]> {
  const found: Described[] = []
  for (const { id: stage, digest } of before) {
    const described = await lookAt({ id, stage }, look)
    if (described.digest !== digest)
      throw missing(
        { id, stage },
        `its digest is ${described.digest.slice(0, 12)}, expected ${digest.slice(0, 12)}`,
      )
    found.push(described)
  }
  return found
}

interface Named {
  readonly id: SpecialistId
  readonly stage: SpecialistId
}

async function lookAt(named: Named, look: (id: SpecialistId) => Promise<Described>): Promise<Described> {
  try {
    return await look(named.stage)
  } catch (cause) {
    throw missing(named, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function missing({ id, stage }: Named, problem: string, cause?: unknown): Error {
  return appError('registry.stage-missing', { id, stage, problem }, cause)
}

/** Which published specialists were trained on which base model. */
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Sha256 } from '../../base/hash.ts'
import { isSha256 } from '../../base/hash.ts'
import { type SpecialistId, specialistId, taskId } from '../../base/ids.ts'
import { isJsonObject } from '../../base/json.ts'
import { namesIn } from '../disk.ts'
import type { Manifest, Registry } from '../registry.ts'

/** The digest of the base that the description of a specialist's model names: `base.digest` in an entry of its meta. */
function baseDigestOf({ meta }: Pick<Manifest, 'meta'>): Sha256 | undefined {
  for (const description of Object.values(meta)) {
    const base = isJsonObject(description) ? description['base'] : undefined
    const digest = isJsonObject(base) ? base['digest'] : undefined
    if (typeof digest === 'string' && isSha256(digest)) return digest
  }
  return undefined
}

/** Digest of a base → every version that needs it, of every task; versions whose manifest cannot be read cannot be loaded either. */
export async function baseUses(
  registryFolder: string,
  registry: Registry,
): Promise<{
  readonly uses: ReadonlyMap<Sha256, readonly SpecialistId[]>
  readonly unreadable: readonly SpecialistId[]
}> {
  const uses = new Map<Sha256, SpecialistId[]>()
  const unreadable: SpecialistId[] = []
  for (const name of [...(await namesIn(join(registryFolder, 'specialists')))].sort()) {
    const task = taskId(name)
    for (const version of await registry.versions(task)) {
      const id = specialistId(task, version)
      const manifest = await readManifest(registry, id)
      if (!manifest) unreadable.push(id)
      const digest = manifest && baseDigestOf(manifest)
      if (digest !== undefined) uses.set(digest, [...(uses.get(digest) ?? []), id])
    }
  }
  return { uses, unreadable }
}

async function readManifest(registry: Registry, id: SpecialistId): Promise<Manifest | undefined> {
  try {
    return (await registry.describe(id)).manifest
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'registry.manifest-invalid') return undefined
    throw cause
  }
}

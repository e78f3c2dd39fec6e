/** Opens base models for the tiers: by name where one is trained on, by digest where a specialist needs the one it was trained on. */
import { appError } from '../../base/errors.ts'
import { isSha256 } from '../../base/hash.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { aliasOf } from './aliases.ts'
import { damagedFiles, findBase, noSuchBase, type StoredBase } from './base-store.ts'
import { openParts } from './check-base.ts'
import { type PullOptions, pullBase } from './pull-base.ts'

/** How the tiers are given base models. */
export type OpenBase = (nameOrDigest: string) => Promise<BaseModel>

/**
 * Opens what is on disk, every file checked against its digest; the caller closes its tensors. Throws
 * `base.not-pulled`, `base.unknown` or `base.damaged`.
 */
export function baseOpener(registryFolder: string): OpenBase {
  return async (nameOrDigest) => {
    const base = await findBase(registryFolder, nameOrDigest)
    if (!base) throw await noSuchBase(registryFolder, nameOrDigest)
    return openStored(base, nameOrDigest)
  }
}

/** The same for a command line: an alias that is not on disk is pulled first. */
export function pullingOpener(options: PullOptions): OpenBase {
  const open = baseOpener(options.registryFolder)
  return async (nameOrDigest) => {
    const isThere = (await findBase(options.registryFolder, nameOrDigest)) !== undefined
    if (!isThere && aliasOf(nameOrDigest)) await pullBase(nameOrDigest, options)
    return open(nameOrDigest)
  }
}

async function openStored(base: StoredBase, asked: string): Promise<BaseModel> {
  const { manifest, folder, names } = base
  const name = isSha256(asked) ? (names[0] ?? manifest.name) : asked
  const damaged = await damagedFiles(base)
  if (damaged.length > 0)
    throw appError('base.damaged', { model: names[0] ?? manifest.digest, files: damaged.join(', ') })
  return { name, digest: manifest.digest, ...(await openParts(folder, manifest.weights, manifest.origin)) }
}

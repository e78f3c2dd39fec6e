/** Opens base models for the tiers: by name where one is trained on, by digest where a specialist needs the one it was trained on. */
import { appError } from '../../base/errors.ts'
import { isSha256, type Sha256 } from '../../base/hash.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { aliasOf } from './aliases.ts'
import { damagedFiles, findBase, noSuchBase, type StoredBase, wordFor } from './base-store.ts'
import { openParts } from './check-base.ts'
import { type PullOptions, pullBase } from './pull-base.ts'

/** How a specialist names the model that it was trained on (`base` of the description in its artefact's meta). */
export interface BaseReference {
  readonly name: string
  readonly digest: Sha256
}

/** How the tiers are given base models. */
export type OpenBase = (wanted: string | BaseReference) => Promise<BaseModel>

/**
 * Opens what is on disk, every file checked against its digest; the caller closes its tensors. Throws
 * `base.not-pulled` or `base.unknown` for a name or digest, `base.vanished` for a reference, and `base.damaged`.
 */
export function baseOpener(registryFolder: string): OpenBase {
  return async (wanted) => {
    const asked = typeof wanted === 'string' ? wanted : wanted.digest
    const base = await findBase(registryFolder, asked)
    if (base) return openStored(base, asked)
    throw typeof wanted === 'string' ? await noSuchBase(registryFolder, wanted) : vanished(wanted)
  }
}

/** The same for a command line: an alias that is not on disk is pulled first. */
export function pullingOpener(options: PullOptions): OpenBase {
  const open = baseOpener(options.registryFolder)
  return async (wanted) => {
    const { name, key } =
      typeof wanted === 'string' ? { name: wanted, key: wanted } : { name: wanted.name, key: wanted.digest }
    const isThere = (await findBase(options.registryFolder, key)) !== undefined
    if (!isThere && aliasOf(name)) await pullBase(name, options)
    return open(wanted)
  }
}

function vanished({ name, digest }: BaseReference): Error {
  const command = aliasOf(name) ? name : `SOURCE --name ${name}`
  return appError('base.vanished', { model: name, digest: digest.slice(0, 12), command })
}

async function openStored(base: StoredBase, asked: string): Promise<BaseModel> {
  const { manifest, folder, names } = base
  const name = isSha256(asked) ? (names[0] ?? manifest.name) : asked
  const damaged = await damagedFiles(base)
  if (damaged.length > 0) throw appError('base.damaged', { model: wordFor(base), files: damaged.join(', ') })
  return { name, digest: manifest.digest, ...(await openParts(folder, manifest.weights, manifest.origin)) }
}

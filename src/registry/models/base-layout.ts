/**
 * Where base models lie in a registry's folder: `models/sha256/DIGEST/` each model's files with `model.json`,
 * `models/names/NAME.json` what a name stands for, `models/staging/` what is not whole yet.
 */
import { join } from 'node:path'
import type { Sha256 } from '../../base/hash.ts'

/** The folder of all models, each in one named by its digest. */
export function digestsFolder(registryFolder: string): string {
  return join(registryFolder, 'models', 'sha256')
}

/** The folder of one model's files. */
export function modelFolder(registryFolder: string, digest: Sha256): string {
  return join(digestsFolder(registryFolder), digest)
}

/** The folder of all names. */
export function namesFolder(registryFolder: string): string {
  return join(registryFolder, 'models', 'names')
}

/** What a name stands for. */
export function namePath(registryFolder: string, name: string): string {
  return join(namesFolder(registryFolder), `${name}.json`)
}

/** Models that are being pulled or removed: folders `PID-RANDOM`. */
export function stagingFolder(registryFolder: string): string {
  return join(registryFolder, 'models', 'staging')
}

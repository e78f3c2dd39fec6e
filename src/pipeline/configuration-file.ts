/** Where the settings are read from, and how their changes are noticed: the file that was named, or `shoal.yaml` where there is one. */
import { type Stats, unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { Configuration } from './configuration.ts'
import { defaultConfiguration, readConfiguration } from './read-configuration.ts'

/** The name that is looked for where none is given. */
export const defaultConfigurationFile = 'shoal.yaml'

/** The settings of the named file, or of `shoal.yaml`, which may be missing; throws `config.invalid` or `config.variable-missing`. */
export async function readConfigurationFile(given: string | undefined): Promise<Configuration> {
  return readWith(given, process.env)
}

/** Prices, costs, watts and audits of the file; variables that only serving needs, such as a key, may be missing from the environment. */
export async function readPriceSettings(
  given: string | undefined,
): Promise<Pick<Configuration, 'prices' | 'costs' | 'energy' | 'audit'>> {
  // Fits wherever a variable may stand, keys and addresses, and is used for nothing.
  const unset = 'http://not-set.invalid'
  const environment = new Proxy(process.env, { get: (all, name) => all[String(name)] || unset })
  const { prices, costs, energy, audit } = await readWith(given, environment)
  return { costs, energy, audit, ...(prices && { prices }) }
}

async function readWith(given: string | undefined, environment: NodeJS.ProcessEnv): Promise<Configuration> {
  const file = given ?? defaultConfigurationFile
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const code = errorCodeOf(cause)
    if (given === undefined && code === 'ENOENT') return defaultConfiguration()
    const problem =
      code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? String(cause)})`
    throw appError('config.invalid', { file, problem }, cause)
  }
  return readConfiguration({ file, text, environment })
}

/** A change is read when the file has stood still for so long, and looked for so often. */
const settleMs = 300
const lookEveryMs = 500

/** Calls back after each change of the file of {@link readConfigurationFile}, its coming and its going; returns the function that stops it. */
export function watchConfigurationFile(given: string | undefined, onChange: () => void): () => void {
  const file = given ?? defaultConfigurationFile
  let settling: NodeJS.Timeout | undefined
  const onLook = (now: Stats, before: Stats): void => {
    if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) return
    clearTimeout(settling)
    settling = setTimeout(onChange, settleMs)
  }
  // Looking finds what notices miss: network disks, and links that are moved to another file.
  watchFile(file, { persistent: false, interval: lookEveryMs }, onLook)
  return () => {
    clearTimeout(settling)
    unwatchFile(file, onLook)
  }
}

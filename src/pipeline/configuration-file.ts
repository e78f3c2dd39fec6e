/** Where the settings are read from: the file that was named, or `shoal.yaml` where there is one. */
import { readFile } from 'node:fs/promises'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { Configuration } from './configuration.ts'
import { defaultConfiguration, readConfiguration } from './read-configuration.ts'

/** The name that is looked for where none is given. */
export const defaultConfigurationFile = 'shoal.yaml'

/** The settings of the named file, or of `shoal.yaml`, which may be missing; throws `config.invalid` or `config.variable-missing`. */
export async function readConfigurationFile(given: string | undefined): Promise<Configuration> {
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
  return readConfiguration({ file, text, environment: process.env })
}

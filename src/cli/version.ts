/** The version of Shoal, from its package. */
import { readFileSync } from 'node:fs'

/** The version that package.json says. */
export function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

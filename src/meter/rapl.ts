/** The CPU packages' own energy counters (RAPL), as Linux shows them under `/sys/class/powercap`. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Linux shows them; AMD's counters stand under Intel's name. */
export const powercapFolder = '/sys/class/powercap'

/** A package's counter at a moment, microjoules; it wraps around at `rangeMicrojoules`. */
export interface PackageCounter {
  readonly name: string
  readonly microjoules: number
  readonly rangeMicrojoules: number
}

/**
 * The counters of all packages; `undefined` where there are none or one may not be read (Linux gives them to root alone).
 * Parts of a package (`intel-rapl:0:0`) are in its own counter already, and the platform's (`psys`) holds the packages.
 */
export async function readPackages(folder: string): Promise<readonly PackageCounter[] | undefined> {
  try {
    const domains = (await readdir(folder)).filter((name) => /^intel-rapl:\d+$/.test(name)).sort()
    const counters: PackageCounter[] = []
    for (const domain of domains) {
      const text = async (file: string): Promise<string> =>
        (await readFile(join(folder, domain, file), 'utf8')).trim()
      const name = await text('name')
      if (!name.startsWith('package')) continue
      const [microjoules, rangeMicrojoules] = [await text('energy_uj'), await text('max_energy_range_uj')]
      if (!/^\d+$/.test(microjoules) || !/^\d+$/.test(rangeMicrojoules)) return undefined
      counters.push({ name, microjoules: Number(microjoules), rangeMicrojoules: Number(rangeMicrojoules) })
    }
    return counters.length > 0 ? counters : undefined
  } catch {
    // No such folder, or no permission: there is no counter, which the source of the figure says.
    return undefined
  }
}

/** Joules between two readings of the same packages, at most one wrap apart; `undefined` where they are not the same. */
export function joulesBetween(
  before: readonly PackageCounter[],
  after: readonly PackageCounter[],
): number | undefined {
  if (before.length !== after.length) return undefined
  let microjoules = 0
  for (const [at, { name, microjoules: from, rangeMicrojoules }] of before.entries()) {
    const now = after[at]!
    if (now.name !== name) return undefined
    const difference = now.microjoules - from
    microjoules += difference < 0 ? difference + rangeMicrojoules : difference
  }
  return microjoules / 1e6
}

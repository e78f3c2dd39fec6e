/** What two readings of the settings differ in, and which of it takes hold only when the gateway starts again. */
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../pipeline/configuration.ts'

export interface ReloadPlan {
  /** Settings that differ, as `section.name`. */
  readonly changed: readonly string[]
  /** Those of them that need another start. */
  readonly needsStart: readonly string[]
}

/** Settings that are read once, by section; all others take hold at once. */
const readOnce: { readonly [Section in keyof Configuration]?: readonly string[] } = {
  server: ['host', 'port'],
  local: ['memory'],
  energy: ['wattsPerCpu'],
}

/** Compares settings name by name; tasks, upstreams and prices by their own names. */
export function reloadPlan(old: Configuration, next: Configuration): ReloadPlan {
  const sections = new Set([...Object.keys(old), ...Object.keys(next)]) as Set<keyof Configuration>
  const changed = [...sections].flatMap((section) => {
    const [before, after] = [membersOf(old[section]), membersOf(next[section])]
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names]
      .filter((name) => !isDeepStrictEqual(before[name], after[name]))
      .map((name) => ({ section, name }))
  })
  const path = ({ section, name }: (typeof changed)[number]): string => `${section}.${name}`
  return {
    changed: changed.map(path),
    needsStart: changed.filter(({ section, name }) => readOnce[section]?.includes(name)).map(path),
  }
}

function membersOf(section: object | undefined): Readonly<Record<string, unknown>> {
  return { ...section }
}

/** Times and sizes as people write them in `shoal.yaml`. */
import { z } from 'zod'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const unitBytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const

const timeText = z
  .string('expected a time such as 500ms, 10s or 5m')
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'expected a time such as 500ms, 10s or 5m')
  .transform(milliseconds)

const sizeText = z
  .string('expected a size such as 64KiB, 32MiB or 1GiB')
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB)$/, 'expected a size such as 64KiB, 32MiB or 1GiB')
  .transform(bytes)

/** A time as it is written (`500ms`, `10s`, `5m`, `1h`, `90d`), read as milliseconds. */
export function time(initial: string, description: string) {
  return timeText.prefault(initial).describe(description)
}

/** A time that may be left out. */
export function optionalTime(description: string) {
  return timeText.optional().describe(description)
}

/** A size as it is written (`64KiB`, `32MiB`, `1GiB`), read as bytes. */
export function size(initial: string, description: string) {
  return sizeText.prefault(initial).describe(description)
}

/** A size that may be left out. */
export function optionalSize(description: string) {
  return sizeText.optional().describe(description)
}

function milliseconds(text: string): number {
  return inUnits(text, unitMs)
}

function bytes(text: string): number {
  return Math.round(inUnits(text, unitBytes))
}

function inUnits(text: string, units: { readonly [unit: string]: number }): number {
  const unit = /[a-z]+$/i.exec(text)?.[0] ?? ''
  return Number.parseFloat(text) * (units[unit] ?? Number.NaN)
}

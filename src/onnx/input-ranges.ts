/**
 * Products in 8 bits with fixed scales: what the inputs of each linear layer were in a calibration says how they are
 * rounded, so that what one text gives never depends on the texts beside it. Units far larger than the others are
 * shrunk, and their weights grown by as much (SmoothQuant, Xiao et al., 2022), by powers of two.
 */
import type { Value } from '../graph/value.ts'

/** How the inputs of one linear layer become 8 bits. */
export interface InputRange {
  /** Smallest and largest input, after shrinking; zero lies between them. */
  readonly least: number
  readonly most: number
  /** Units that are shrunk, each with the power of two that it is divided by. */
  readonly shrunk: readonly (readonly [unit: number, factor: number])[]
}

/** Ranges by the name of the layer's weight; of several joined all have the same. Layers that have none stay float32. */
export type InputRanges = { readonly [weight: string]: InputRange }

/** Names of the parameters that a weight [out, in] is joined from along its outputs; `undefined` for any other value. */
export function weightNames({ node }: Value): readonly string[] | undefined {
  if (node.op.kind === 'parameter') return [node.op.name]
  if (node.op.kind !== 'concat' || node.op.axis !== 0) return undefined
  const parts = node.inputs.map(weightNames)
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? [])
}

/** The range of units whose smallest and largest inputs were these: the largest units are shrunk to the usual size. */
export function rangeOf(least: Float32Array, most: Float32Array): InputRange {
  const sizes = least.map((low, unit) => Math.max(-low, most[unit]!))
  const usual = sizes.toSorted()[Math.floor(sizes.length * usualShare)]!
  const shrunk: [number, number][] = []
  let [low, high] = [0, 0]
  sizes.forEach((size, unit) => {
    const factor = size > usual && usual > 0 ? 2 ** Math.ceil(Math.log2(size / usual)) : 1
    if (factor > 1) shrunk.push([unit, factor])
    low = Math.min(low, least[unit]! / factor)
    high = Math.max(high, most[unit]! / factor)
  })
  return { least: low, most: high, shrunk }
}

/** Share of the units that are not shrunk. */
const usualShare = 0.98

/** Scale and zero point of uint8 for a range; rounded to a float32, as it is computed with. */
export function scaleOf({ least, most }: InputRange): { readonly scale: number; readonly zero: number } {
  const scale = Math.fround((most - least) / 255) || 1
  return { scale, zero: Math.round(-least / scale) }
}

/** What each of so many units is divided by. */
export function factorsOf({ shrunk }: InputRange, units: number): Float32Array {
  const factors = new Float32Array(units).fill(1)
  for (const [unit, factor] of shrunk) factors[unit] = factor
  return factors
}

/**
 * Finds texts that are nearly the same as an earlier one: MinHash with one permutation (Li, Owen and Zhang, NeurIPS
 * 2012; empty bins filled as Shrivastava and Li, UAI 2014) proposes, the exact Jaccard similarity of shingles decides.
 */
import { normalisedText } from './duplicate-key.ts'
import { KeyTable } from './key-table.ts'

/** A text and the earlier one that it nearly repeats; only texts that are the same but for case and spaces have similarity 1. */
export interface NearDuplicate {
  /** Number of the text, in the order of adding. */
  readonly row: number
  readonly of: number
  /** Jaccard similarity of their shingles, 0..1. */
  readonly similarity: number
}

/** Similarity from which two texts are nearly the same: at 0.8 a pair is proposed with probability 0.98. */
const leastSimilarity = 0.8
/** UTF-16 units of a shingle; in a text that is shorter, all of it is one. */
const shingleUnits = 5
/** Longer texts are compared by their beginning. */
const comparedUnits = 20_000
const bands = 8
const binsPerBand = 4
const bins = bands * binsPerBand

/** Of texts that differ and yet have the same shingles. */
const mostOfDifferent = 1 - 2 ** -20

/** Texts are added one by one; memory is the texts' own and about 250 bytes each. */
export class NearDuplicateFinder {
  readonly #texts: string[] = []
  /** The first row of each text. A bucket knows its first text only, which need not be the one that is repeated. */
  readonly #firstRows = new Map<string, number>()
  readonly #buckets = Array.from({ length: bands }, () => new KeyTable())
  /** Per band: the first text of each bucket. */
  readonly #firsts: number[][] = Array.from({ length: bands }, () => [])
  readonly #signature = new Uint32Array(bins)

  /** Adds a text; says which earlier one it is most like, if any. */
  add(text: string): NearDuplicate | undefined {
    const row = this.#texts.length
    const shown = this.#prepare(text)
    const best = this.#closest(shown, row)
    this.#texts.push(shown)
    if (best?.similarity !== 1) this.#firstRows.set(shown, row)
    for (let band = 0; band < bands; band++) {
      const bucket = this.#buckets[band]!
      if (bucket.add(this.#keyOf(band)) === this.#firsts[band]!.length) this.#firsts[band]!.push(row)
    }
    return best
  }

  /** The same without adding the text. */
  find(text: string): NearDuplicate | undefined {
    return this.#closest(this.#prepare(text), this.#texts.length)
  }

  #prepare(text: string): string {
    const shown = normalisedText(text).slice(0, comparedUnits)
    writeSignature(shown, this.#signature)
    return shown
  }

  #closest(text: string, row: number): NearDuplicate | undefined {
    const same = this.#firstRows.get(text)
    if (same !== undefined) return { row, of: same, similarity: 1 }
    const candidates = new Set<number>()
    for (let band = 0; band < bands; band++) {
      const number = this.#buckets[band]!.find(this.#keyOf(band))
      if (number !== undefined) candidates.add(this.#firsts[band]![number]!)
    }
    let best: NearDuplicate | undefined
    for (const of of candidates) {
      const similarity = Math.min(mostOfDifferent, similarityOf(text, this.#texts[of]!))
      if (similarity >= leastSimilarity && similarity > (best?.similarity ?? 0))
        best = { row, of, similarity }
    }
    return best
  }

  /** The bins of a band as one key of 64 bits. */
  #keyOf(band: number): { readonly high: number; readonly low: number } {
    let [high, low] = [band + 1, ~band >>> 0]
    for (let bin = band * binsPerBand; bin < (band + 1) * binsPerBand; bin++) {
      const value = this.#signature[bin]!
      high = mixed(Math.imul(high, 0x9e3779b1) ^ value)
      low = mixed(Math.imul(low, 0x85ebca77) + value)
    }
    return { high, low }
  }
}

/** Jaccard similarity of two texts' shingles, 0..1. */
export function similarityOf(a: string, b: string): number {
  const [first, second] = [shinglesOf(a), shinglesOf(b)]
  let common = 0
  for (const shingle of first) if (second.has(shingle)) common++
  return common / (first.size + second.size - common)
}

function shinglesOf(text: string): ReadonlySet<string> {
  const shingles = new Set<string>()
  const last = Math.max(0, text.length - shingleUnits)
  for (let at = 0; at <= last; at++) shingles.add(text.slice(at, at + shingleUnits))
  return shingles
}

/** The least hash of the shingles that fall into each bin; an empty bin takes that of the next full one. */
function writeSignature(text: string, signature: Uint32Array): void {
  signature.fill(0)
  // One bit a bin: 32 bins fit a number.
  let full = 0
  const last = Math.max(0, text.length - shingleUnits)
  for (let at = 0; at <= last; at++) {
    let hash = 0x811c9dc5
    const end = Math.min(text.length, at + shingleUnits)
    for (let unit = at; unit < end; unit++) hash = Math.imul(hash ^ text.charCodeAt(unit), 0x01000193)
    hash = mixed(hash)
    const bin = hash % bins
    const isFull = ((full >>> bin) & 1) === 1
    if (!isFull || hash < signature[bin]!) signature[bin] = hash
    full |= 1 << bin
  }
  for (let bin = 0; bin < bins; bin++) {
    if (((full >>> bin) & 1) === 1) continue
    let steps = 1
    while (((full >>> ((bin + steps) % bins)) & 1) === 0) steps++
    signature[bin] = mixed(signature[(bin + steps) % bins]! + Math.imul(steps, 0x9e3779b1))
  }
}

/** A bijection of 32 bits in which every bit depends on every other (Murmur3's finaliser). */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

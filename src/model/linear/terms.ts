// Which n-grams each text of a corpus has, and how often: extracted once, then weighed for any part of the rows.
import { createNgramBuffer, extractNgrams, type NgramOptions } from '../../text/ngrams.ts'
import { normaliseForFeatures } from '../../text/normalise.ts'

/** Rows of counts in compressed form: row `i` is `starts[i]` up to `starts[i + 1]`. */
export interface Terms {
  /** N + 1 offsets. */
  readonly starts: Int32Array
  /** Term number of each entry, 0 up to `codes.length`. */
  readonly terms: Int32Array
  /** How often the row has it, at most 255. */
  readonly counts: Uint8Array
  /** N-gram code of each term number. */
  readonly codes: Uint32Array
}

/** Counts n-grams text by text; `finish` gives them all. */
export interface TermCounter {
  add(text: string): void
  finish(): Terms
}

/** A counter for texts in any number; memory grows with the n-grams in all, about 8 bytes each. */
export function createTermCounter(options: NgramOptions): TermCounter {
  const buffer = createNgramBuffer()
  const numbering = createNumbering()
  const entries = { terms: new Int32Array(1 << 16), counts: new Uint8Array(1 << 16), length: 0 }
  const starts = [0]

  function add(text: string): void {
    extractNgrams(normaliseForFeatures(text), options, buffer)
    const first = entries.length
    reserve(entries, first + buffer.count)
    for (let i = 0; i < buffer.count; i++) {
      const term = numbering.numberOf(buffer.codes[i]!)
      const place = numbering.places[term]!
      if (place >= first && place < entries.length && entries.terms[place] === term) {
        if (entries.counts[place]! < 255) entries.counts[place]!++
        continue
      }
      numbering.places[term] = entries.length
      entries.terms[entries.length] = term
      entries.counts[entries.length++] = 1
    }
    starts.push(entries.length)
  }

  return {
    add,
    finish: () => ({
      starts: Int32Array.from(starts),
      terms: entries.terms.slice(0, entries.length),
      counts: entries.counts.slice(0, entries.length),
      codes: numbering.codes.slice(0, numbering.size()),
    }),
  }
}

interface Entries {
  terms: Int32Array
  counts: Uint8Array
  length: number
}

function reserve(entries: Entries, length: number): void {
  if (entries.terms.length >= length) return
  const grown = Math.max(length, Math.ceil(entries.terms.length * 1.7))
  const { terms, counts } = entries
  entries.terms = new Int32Array(grown)
  entries.terms.set(terms)
  entries.counts = new Uint8Array(grown)
  entries.counts.set(counts)
}

interface Numbering {
  codes: Uint32Array
  /** Last entry of each term, for finding repeats inside a row. */
  places: Int32Array
  numberOf(code: number): number
  size(): number
}

/** Numbers codes in order of appearance: an open-addressing table (codes are already mixed) that doubles. */
function createNumbering(): Numbering {
  let slots = new Int32Array(1 << 17) // term number + 1; 0 is free
  let size = 0

  function slotOf(code: number): number {
    const mask = slots.length - 1
    let slot = (code >>> 1) & mask
    while (slots[slot] !== 0 && numbering.codes[slots[slot]! - 1] !== code) slot = (slot + 1) & mask
    return slot
  }

  function grow(): void {
    const { codes, places } = numbering
    numbering.codes = new Uint32Array(codes.length * 2)
    numbering.codes.set(codes)
    numbering.places = new Int32Array(codes.length * 2)
    numbering.places.set(places)
    slots = new Int32Array(slots.length * 2)
    for (let term = 0; term < size; term++) slots[slotOf(codes[term]!)] = term + 1
  }

  const numbering: Numbering = {
    codes: new Uint32Array(1 << 16),
    places: new Int32Array(1 << 16),
    size: () => size,
    numberOf(code) {
      const slot = slotOf(code)
      if (slots[slot] !== 0) return slots[slot]! - 1
      if (size === numbering.codes.length) {
        grow()
        return numbering.numberOf(code)
      }
      numbering.codes[size] = code
      numbering.places[size] = -1
      slots[slot] = size + 1
      return size++
    },
  }
  return numbering
}

/** Lengths of many texts summed up in a few numbers, in bounded memory. */

/** Lengths in UTF-16 units; median and ninety-ninth percentile are exact below 1,024 and within 3% above. */
export interface LengthSummary {
  readonly shortest: number
  readonly median: number
  readonly p99: number
  readonly longest: number
}

const exact = 1024
/** Buckets to the doubling above `exact`. */
const perDoubling = 32

export class LengthHistogram {
  readonly #buckets = new Uint32Array(exact + perDoubling * 24)
  #count = 0
  #shortest = Number.POSITIVE_INFINITY
  #longest = 0

  add(length: number): void {
    this.#count++
    this.#shortest = Math.min(this.#shortest, length)
    this.#longest = Math.max(this.#longest, length)
    this.#buckets[bucketOf(length)]!++
  }

  /** All zero where nothing was added. */
  summary(): LengthSummary {
    const shortest = this.#count === 0 ? 0 : this.#shortest
    return { shortest, median: this.#quantile(0.5), p99: this.#quantile(0.99), longest: this.#longest }
  }

  #quantile(share: number): number {
    if (this.#count === 0) return 0
    const rank = Math.ceil(share * this.#count)
    let seen = 0
    const bucket = this.#buckets.findIndex((count) => {
      seen += count
      return seen >= rank
    })
    return Math.min(lengthOf(bucket), this.#longest)
  }
}

function bucketOf(length: number): number {
  if (length < exact) return length
  return exact + Math.floor(Math.log2(length / exact) * perDoubling)
}

function lengthOf(bucket: number): number {
  return bucket < exact ? bucket : Math.round(exact * 2 ** ((bucket - exact + 0.5) / perDoubling))
}

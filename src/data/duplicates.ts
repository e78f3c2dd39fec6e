/** Finds rows whose input was there before, and among them those whose twin carries another output, in bounded memory. */
import { type Key64, key64 } from './duplicate-key.ts'
import { KeyTable } from './key-table.ts'

/** Where a row stands. */
export interface RowPlace {
  readonly file: string
  readonly line: number
  /** The row's id in its file, where it has one. */
  readonly name?: string
}

/** A row and the first row with the same input. */
export interface Twins {
  readonly first: RowPlace
  readonly second: RowPlace
}

/** Twins that disagree; the outputs are shortened. */
export interface Contradiction extends Twins {
  readonly output: string
}

export interface DuplicateReport {
  /** Rows beyond the first of their input. */
  readonly rows: number
  /** Some of them. */
  readonly samples: readonly Twins[]
  /** Inputs that carry more than one output. */
  readonly contradictoryInputs: number
  /** Rows whose output differs from that of the first row with their input. */
  readonly contradictoryRows: number
  readonly contradictions: readonly Contradiction[]
}

const mostSamples = 10

/** Reads rows one by one; 28 bytes and slack for each different input. */
export class DuplicateFinder {
  readonly #keys = new KeyTable()
  readonly #files: string[] = []
  /** Per key: 32 bits of the first output's hash, line of the first row, and its file with a flag in the lowest bit. */
  #outputs = new Uint32Array(1024)
  #lines = new Uint32Array(1024)
  #places = new Uint32Array(1024)
  #rows = 0
  #contradictoryRows = 0
  #contradictoryInputs = 0
  readonly #samples: Twins[] = []
  readonly #contradictions: Contradiction[] = []

  /** Counts a row; true where its input and its output were both there before. */
  add(row: { readonly key: Key64; readonly output: string; readonly place: RowPlace }): boolean {
    const size = this.#keys.size
    const number = this.#keys.add(row.key)
    const output = key64(row.output).low
    if (number === size) {
      this.#remember(number, output, row.place)
      return false
    }
    this.#rows++
    const second = row.place
    if (this.#samples.length < mostSamples) this.#samples.push({ first: this.#firstPlace(number), second })
    if (this.#outputs[number] === output) return true
    this.#contradictoryRows++
    if ((this.#places[number]! & 1) === 0) this.#contradictoryInputs++
    this.#places[number]! |= 1
    if (this.#contradictions.length < mostSamples)
      this.#contradictions.push({ first: this.#firstPlace(number), second, output: row.output.slice(0, 80) })
    return false
  }

  report(): DuplicateReport {
    return {
      rows: this.#rows,
      samples: [...this.#samples],
      contradictoryInputs: this.#contradictoryInputs,
      contradictoryRows: this.#contradictoryRows,
      contradictions: [...this.#contradictions],
    }
  }

  #remember(number: number, output: number, place: RowPlace): void {
    if (number >= this.#outputs.length) {
      this.#outputs = doubled(this.#outputs)
      this.#lines = doubled(this.#lines)
      this.#places = doubled(this.#places)
    }
    if (this.#files.at(-1) !== place.file) this.#files.push(place.file)
    this.#outputs[number] = output
    this.#lines[number] = place.line
    this.#places[number] = (this.#files.length - 1) << 1
  }

  #firstPlace(number: number): RowPlace {
    return { file: this.#files[this.#places[number]! >>> 1]!, line: this.#lines[number]! }
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const twice = new Uint32Array(array.length * 2)
  twice.set(array)
  return twice
}

// How unlike the training texts a text is, from what was learned of these alone: their pieces, and where the texts
// of each class lie in the embedding space. `judge-logits.ts` puts it together with what the heads say.
import type { Random } from '../../base/random.ts'
import { type DenseLayer, placeLayer } from '../../model/linear/dense-layer.ts'
import { type DenseMemory, paddedLength } from '../../model/linear/dense-memory.ts'
import { centresOf } from '../../model/linear/directions.ts'
import { quantiseRows } from '../../model/linear/quantised.ts'
import type { Corpus } from './heads.ts'

/** What is kept of the training texts. */
export interface NoveltyWeights {
  /** Mean of the embeddings, D, which is taken off before directions are compared. */
  readonly mean: Float32Array
  /** Prototypes, K x D: directions that the texts of a class lie in, those of one class next to one another. */
  readonly prototypes: DenseLayer
  /** C + 1 offsets: the prototypes of class `c` are `starts[c]` up to `starts[c + 1]`. */
  readonly starts: Uint32Array
  /** A bit for each piece of the static table: set where a training text has it. */
  readonly knownPieces: Uint8Array
}

/** A text's embedding, of length 1 or all zeros, and the pieces it is made of. */
export interface EmbeddedText {
  readonly embedding: Float32Array
  readonly pieces: Int32Array
}

/** What makes a text novel, larger is more so. */
export interface Strangeness {
  /** Minus the cosine to the nearest prototype of a class, -1..1. */
  far: number
  /** Share of its pieces that no training text had, 0..1. */
  unknown: number
}

/** Weights placed in a memory, ready to be asked. */
export interface Novelty {
  /** How strange a text is for one that belongs to a class; written over by the next call. */
  of(text: EmbeddedText, classNumber: number): Strangeness
  readonly sizeBytes: number
  dispose(): void
}

// Few classes are wide and need more prototypes to be drawn; beyond that more change nothing (AUROC on classes left
// out of banking77: .903 with one a class, .912 with four, .916 with eight, .917 with all rows).
const prototypesInAll = 240
const [fewestPrototypes, mostPrototypes] = [8, 32] as const
const rowsPerPrototype = 4
const mostRows = 2000 // of a class that its prototypes are drawn from

/** Learns from the rows `learn`. */
export function fitNovelty(corpus: Corpus, learn: Int32Array, random: Random): NoveltyWeights {
  const { dimensions, classCount, embeddings } = corpus
  const rowOf = (row: number): Float32Array => embeddings.subarray(row * dimensions, (row + 1) * dimensions)
  const mean = new Float32Array(dimensions)
  for (const row of learn) {
    const embedding = rowOf(row)
    for (let d = 0; d < dimensions; d++) mean[d]! += embedding[d]! / learn.length
  }
  const members = Array.from({ length: classCount }, (): Float32Array[] => [])
  for (const row of random.shuffle(learn.slice())) {
    const rows = members[corpus.classes[row]!]!
    const direction = rows.length < mostRows ? directionFrom(mean, rowOf(row)) : undefined
    if (direction) rows.push(direction)
  }
  const wanted = Math.ceil(prototypesInAll / classCount)
  const most = Math.min(mostPrototypes, Math.max(fewestPrototypes, wanted))
  const centres = members.map((rows) =>
    centresOf(rows, Math.min(most, Math.ceil(rows.length / rowsPerPrototype))),
  )
  return {
    mean,
    prototypes: layerOf(centres.flat(), mean),
    starts: offsetsOf(centres.map(({ length }) => length)),
    knownPieces: knownPieces(corpus, learn),
  }
}

/** Rows such that a layer's output is `prototype · (embedding − mean)`. */
function layerOf(prototypes: readonly Float32Array[], mean: Float32Array): DenseLayer {
  const columns = paddedLength(mean.length)
  const matrix = new Float32Array(prototypes.length * columns)
  prototypes.forEach((prototype, k) => {
    matrix.set(prototype, k * columns)
  })
  return {
    weights: quantiseRows(matrix, columns),
    biases: Float32Array.from(prototypes, (prototype) => -dot(prototype, mean)),
  }
}

function offsetsOf(counts: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(counts.length + 1)
  counts.forEach((count, c) => {
    offsets[c + 1] = offsets[c]! + count
  })
  return offsets
}

function knownPieces({ pieces, pieceCount }: Corpus, learn: Int32Array): Uint8Array {
  const known = new Uint8Array(Math.ceil(pieceCount / 8))
  for (const row of learn) {
    for (const piece of pieces.ids.subarray(pieces.starts[row]!, pieces.starts[row + 1]!)) {
      known[piece >> 3]! |= 1 << (piece & 7)
    }
  }
  return known
}

/** The way from the mean to an embedding, of length 1; `undefined` where there is none. */
function directionFrom(mean: Float32Array, embedding: Float32Array): Float32Array | undefined {
  const difference = embedding.map((value, d) => value - mean[d]!)
  const length = Math.sqrt(dot(difference, difference))
  return length > 0 ? difference.map((value) => value / length) : undefined
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!
  return sum
}

/** Places weights in a memory that many may share; the arrays that they came in are not held on to. */
export function placeNovelty(memory: DenseMemory, weights: NoveltyWeights): Novelty {
  const [mean, starts, known] = [weights.mean.slice(), weights.starts.slice(), weights.knownPieces.slice()]
  const layer = placeLayer(memory, weights.prototypes)
  const cosines = new Float32Array(mostPrototypes)
  const meanSquare = dot(mean, mean)
  const strangeness = { far: 1, unknown: 1 }
  return {
    sizeBytes: layer.sizeBytes + mean.byteLength + starts.byteLength + known.byteLength,
    of({ embedding, pieces }, classNumber) {
      strangeness.unknown = unknownShare(pieces, known)
      const [first, end] = [starts[classNumber]!, starts[classNumber + 1]!]
      const out = cosines.subarray(0, end - first)
      layer.run(embedding, out, first)
      // |e − m|² for e of length 1; a text without a piece has no direction and is as far as can be.
      const distance = Math.sqrt(Math.max(1e-6, 1 - 2 * dot(embedding, mean) + meanSquare))
      let nearest = -1
      if (pieces.length > 0) for (const product of out) nearest = Math.max(nearest, product / distance)
      strangeness.far = -nearest
      return strangeness
    },
    dispose: () => layer.dispose(),
  }
}

function unknownShare(pieces: Int32Array, known: Uint8Array): number {
  if (pieces.length === 0) return 1
  let unknown = 0
  for (const piece of pieces) if ((known[piece >> 3]! & (1 << (piece & 7))) === 0) unknown++
  return unknown / pieces.length
}

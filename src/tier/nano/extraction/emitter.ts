// From a text to the emissions of a loaded tagger, in memory that all taggers of a thread share.
import { type PlacedTagger, placeTagger } from '../../../model/crf/tagger.ts'
import { reach } from '../../../model/crf/window-network.ts'
import { sharedDenseMemory } from '../../../model/linear/dense-memory.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import { createTokenBuffer, createTokeniser, type TokenBuffer } from '../../../text/tokens.ts'
import type { ReadTagger, TaggerDescription } from './artefact.ts'
import { lowerUnits } from './corpus.ts'
import { createDenseInputs, flagCount } from './dense-inputs.ts'
import { createFeatureBuffer, extractTokenFeatures } from './token-features.ts'

/** The emissions of a text, T x K, with its tokens; written over by the next text of any tagger. */
export interface Emitted {
  readonly tokens: TokenBuffer
  readonly emissions: Float32Array
  /** Features of the text, and those of them that the tagger has weights for. */
  readonly total: number
  readonly known: number
}

/** A tagger that reads texts. */
export interface Emitter {
  emit(text: string): Emitted
  readonly sizeBytes: number
  dispose(): void
}

const tokens = createTokenBuffer()
const features = createFeatureBuffer()
let emissions = new Float32Array(0)
let inputs = new Float32Array(0)

/** Places a tagger; `tagCount` is K. */
export function createEmitter(
  { model, inputMean, inputScale }: ReadTagger,
  { mode, outsideBias, cuts, axes }: TaggerDescription,
  { table, tagCount: K }: { readonly table: StaticEmbedding; readonly tagCount: number },
): Emitter {
  const tokeniser = createTokeniser(cuts)
  const placed: PlacedTagger = placeTagger(sharedDenseMemory(), model)
  const dense = createDenseInputs(table, axes)
  const { columns: D } = dense

  function writeInputs(text: string): void {
    const size = (tokens.count + 2 * reach) * D
    if (inputs.length < size) inputs = new Float32Array(size * 2)
    inputs.fill(0, 0, reach * D)
    inputs.fill(0, size - reach * D, size)
    for (let t = 0; t < tokens.count; t++) {
      const at = (t + reach) * D
      dense.write(text, tokens, t, inputs, at)
      for (let d = 0; d < D - flagCount; d++) inputs[at + d] = (inputs[at + d]! - inputMean[d]!) * inputScale
    }
  }

  return {
    sizeBytes: placed.sizeBytes,
    dispose: placed.dispose,
    emit(text) {
      tokeniser.tokenise(text, tokens)
      extractTokenFeatures(text, lowerUnits(text), tokens, mode, features)
      if (emissions.length < tokens.count * K) emissions = new Float32Array(tokens.count * K * 2)
      emissions.fill(0, 0, tokens.count * K)
      if (model.network) writeInputs(text)
      const { codes, starts } = features
      let known = 0
      for (let t = 0; t < tokens.count; t++) {
        const at = t * K
        emissions[at] = -outsideBias
        known += placed.addSparse(codes, starts[t]!, starts[t + 1]!, emissions, at)
        if (model.network) placed.addDense(inputs.subarray(t * D, (t + 2 * reach + 1) * D), emissions, at)
      }
      return { tokens, emissions, known, total: starts[tokens.count]! }
    },
  }
}

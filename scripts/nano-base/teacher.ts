// The encoder whose vectors the nano tables imitate, run by onnxruntime-node. A build-time tool: the
// package `onnxruntime-node` is not a dependency of Shoal itself.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Tokenizer } from '@huggingface/tokenizers'

/** How the encoder turns its last hidden states into one vector: the mean over the tokens, or the first. */
export type Pooling = 'mean' | 'first'

export interface Teacher {
  readonly width: number
  /** Ids of a text with [CLS] and [SEP], cut to `maxTokens`. */
  tokenize(text: string): readonly number[]
  /** One pooled vector of length 1 per sequence, row after row. */
  encode(sequences: readonly (readonly number[])[], progress?: (done: number) => void): Promise<Float32Array>
  readonly vocabulary: ReadonlyMap<string, number>
}

export interface TeacherOptions {
  readonly modelPath: string
  readonly tokenizerPath: string
  readonly pooling: Pooling
  readonly maxTokens: number
}

const tokensPerBatch = 2048

// The little of onnxruntime-node that is used here: its types are not installed with Shoal.
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string, options: { intraOpNumThreads: number }): Promise<OnnxSession>
  }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, shape: readonly number[]) => unknown
}
interface OnnxSession {
  run(inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, OnnxOutput | undefined>>>
}
interface OnnxOutput {
  readonly data: Float32Array
  readonly dims: readonly number[]
}
interface Engine {
  readonly runtime: OnnxRuntime
  readonly session: OnnxSession
  readonly pooling: Pooling
}

/** Opens the encoder on one thread. */
export async function openTeacher(options: TeacherOptions): Promise<Teacher> {
  const tokenizerJson = JSON.parse(await readFile(options.tokenizerPath, 'utf8'))
  const tokenizer = new Tokenizer(tokenizerJson, {})
  // `require` and not `import`, so that NODE_PATH may point at an installation outside the repository.
  const runtime: OnnxRuntime = createRequire(import.meta.url)('onnxruntime-node')
  const session = await runtime.InferenceSession.create(options.modelPath, { intraOpNumThreads: 1 })
  const engine = { runtime, session, pooling: options.pooling }
  const vocabulary = new Map<string, number>(Object.entries(tokenizerJson.model.vocab))
  const separator = vocabulary.get('[SEP]')
  if (separator === undefined) throw new Error('the tokenizer has no [SEP] piece')
  const probe = await run(engine, [[separator]])

  return {
    width: probe.length,
    vocabulary,
    tokenize(text) {
      const ids = tokenizer.encode(text).ids
      return ids.length <= options.maxTokens ? ids : [...ids.slice(0, options.maxTokens - 1), separator]
    },
    async encode(sequences, progress) {
      const width = probe.length
      const rows = new Float32Array(sequences.length * width)
      let done = 0
      for (const batch of batchesByLength(sequences)) {
        const pooled = await run(
          engine,
          batch.map((index) => sequences[index]!),
        )
        for (const [row, index] of batch.entries()) {
          rows.set(pooled.subarray(row * width, (row + 1) * width), index * width)
        }
        done += batch.length
        progress?.(done)
      }
      return rows
    },
  }
}

/** Positions grouped so that a batch has sequences of one length: nothing is padded, so no masks are needed. */
function batchesByLength(sequences: readonly (readonly number[])[]): number[][] {
  const byLength = new Map<number, number[]>()
  sequences.forEach((sequence, index) => {
    const group = byLength.get(sequence.length)
    if (group === undefined) byLength.set(sequence.length, [index])
    else group.push(index)
  })
  const batches: number[][] = []
  for (const [length, group] of byLength) {
    const size = Math.max(1, Math.floor(tokensPerBatch / length))
    for (let start = 0; start < group.length; start += size) batches.push(group.slice(start, start + size))
  }
  return batches
}

async function run(engine: Engine, batch: readonly (readonly number[])[]): Promise<Float32Array> {
  const length = batch[0]?.length ?? 0
  const shape = [batch.length, length]
  const ids = BigInt64Array.from(batch.flat(), BigInt)
  const tensor = (data: BigInt64Array) => new engine.runtime.Tensor('int64', data, shape)
  const outputs = await engine.session.run({
    input_ids: tensor(ids),
    attention_mask: tensor(new BigInt64Array(ids.length).fill(1n)),
    token_type_ids: tensor(new BigInt64Array(ids.length)),
  })
  const states = outputs.last_hidden_state
  if (states === undefined) throw new Error('the encoder has no output last_hidden_state')
  const width = states.dims[2] ?? 0
  return pool(states.data, { rows: batch.length, length, width, pooling: engine.pooling })
}

function pool(
  states: Float32Array,
  shape: { rows: number; length: number; width: number; pooling: Pooling },
) {
  const { rows, length, width } = shape
  const pooled = new Float32Array(rows * width)
  const used = shape.pooling === 'first' ? 1 : length
  for (let row = 0; row < rows; row++) {
    const target = pooled.subarray(row * width, (row + 1) * width)
    for (let token = 0; token < used; token++) {
      const offset = (row * length + token) * width
      for (let d = 0; d < width; d++) target[d]! += states[offset + d]!
    }
    normalize(target)
  }
  return pooled
}

/** Scales a vector to length 1, in place. */
export function normalize(vector: Float32Array): void {
  let squares = 0
  for (const value of vector) squares += value * value
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
  for (let d = 0; d < vector.length; d++) vector[d]! *= scale
}

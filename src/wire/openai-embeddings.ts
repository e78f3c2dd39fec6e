/** The shapes of OpenAI's embeddings API, as far as a base encoder on this machine answers it. */
import { z } from 'zod'
import type { Json } from '../base/json.ts'

/** Texts that one request may hold, as at OpenAI. */
export const mostEmbeddingInputs = 2048

const tokenIds = z.array(z.int()).min(1)

const requestSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()), tokenIds, z.array(tokenIds)]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().nullish(),
  /** Not OpenAI's: cut texts that are too long instead of refusing them. */
  truncate: z.boolean().nullish(),
})

export type EmbeddingsRequest = z.infer<typeof requestSchema>

/** An embeddings request, or what in the value does not fit. */
export function readEmbeddingsRequest(
  value: Json,
): { readonly request: EmbeddingsRequest } | { readonly problem: string } {
  const { data, error } = requestSchema.safeParse(value)
  if (data) return { request: data }
  const [issue] = error.issues
  return { problem: `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'unreadable'}` }
}

export interface EmbeddingsAnswer {
  readonly model: string
  /** `[texts, width]`, by rows. */
  readonly vectors: Float32Array
  readonly width: number
  readonly promptTokens: number
  readonly format: 'float' | 'base64'
}

/** The body of an answer; base64 holds little-endian float32. */
export function embeddingsBody({ model, vectors, width, promptTokens, format }: EmbeddingsAnswer): string {
  const data = Array.from({ length: vectors.length / width }, (_, index) => {
    const vector = vectors.subarray(index * width, (index + 1) * width)
    return {
      object: 'embedding',
      index,
      embedding: format === 'float' ? Array.from(vector) : base64Of(vector),
    }
  })
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens }
  return JSON.stringify({ object: 'list', data, model, usage })
}

function base64Of(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [at, number] of vector.entries()) bytes.setFloat32(at * 4, number, true)
  return Buffer.from(bytes.buffer).toString('base64')
}

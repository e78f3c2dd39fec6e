/** `model.json`: what is known of a base model, and the digest that names it. */
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { isSha256, type Sha256, sha256 } from '../../base/hash.ts'
import { canonicalJson, tryParseJson } from '../../base/json.ts'

const digest = z.custom<Sha256>((text) => typeof text === 'string' && isSha256(text))

const shape = z.object({
  format: z.literal(1),
  /** The name that it was pulled under. */
  name: z.string(),
  digest,
  kind: z.literal('encoder'),
  /** As it was asked for, and as exactly as was found out: with version or commit. */
  source: z.string(),
  origin: z.string(),
  licence: z.string().optional(),
  languages: z.array(z.string()).optional(),
  /** ISO 8601, UTC. */
  pulledAt: z.string(),
  parameters: z.int().min(0),
  /** What the weights are read from: a safetensors file, or the index of several. */
  weights: z.string(),
  /** Name of the ONNX file that the weights were converted from. */
  convertedFrom: z.string().optional(),
  files: z.record(z.string(), z.object({ sha256: digest, sizeBytes: z.int().min(0) })),
})

export type BaseManifest = z.infer<typeof shape>

/** Files that change nothing that the model computes. */
const besides = /^(readme|licen[cs]e|notice|copying)|\.onnx(\.data|_data)?$/i

/** Digest of the configuration, tokenizer, pooling and weights: equal for models that compute the same from the same files. */
export function baseDigest(files: BaseManifest['files']): Sha256 {
  const entries = Object.entries(files).filter(([name]) => !besides.test(name))
  return sha256(canonicalJson(Object.fromEntries(entries.map(([name, file]) => [name, file.sha256]))))
}

/** Bytes of all files together. */
export function baseSizeBytes(manifest: BaseManifest): number {
  return Object.values(manifest.files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/** Reads `model.json`; throws `registry.manifest-invalid`. */
export function parseBaseManifest(file: string, text: string): BaseManifest {
  const parsed = shape.safeParse(tryParseJson(text))
  if (!parsed.success)
    throw appError('registry.manifest-invalid', { file, problem: z.prettifyError(parsed.error) })
  if (baseDigest(parsed.data.files) === parsed.data.digest) return parsed.data
  throw appError('registry.manifest-invalid', { file, problem: 'its digest is not that of its files' })
}
